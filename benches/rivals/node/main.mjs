// The function's calls of AWS with the AWS SDK for JavaScript, behind as small a Lambda runtime as there can be.
//
// There is no client-appfabric on npm; client-account, which speaks the same protocol (rest-json), stands in for it.

import { Agent, request } from "node:http";

import { AccountClient, GetContactInformationCommand } from "@aws-sdk/client-account";
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

const agent = new Agent({ keepAlive: true });
const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;
const account = new AccountClient({});
const table = process.env.FLOW_TABLE;
const dynamodb = table ? new DynamoDBClient({}) : undefined;

const call = () => account.send(new GetContactInformationCommand({}));

const update = (key, value) =>
  dynamodb.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { id: { S: key } },
      UpdateExpression: "SET #value = :value",
      ExpressionAttributeNames: { "#value": "value" },
      ExpressionAttributeValues: { ":value": { S: value } },
    }),
  );

async function answer(event) {
  const code = event.queryStringParameters.code;
  if (table) {
    await update("flow", "open");
    const condition = "attribute_not_exists(id)";
    await dynamodb.send(new PutItemCommand({ TableName: table, Item: { id: { S: code } }, ConditionExpression: condition }));
  } else {
    await call();
  }
  await call();
  if (table) await Promise.all([update(code, "connected"), update("flow", "finished")]);
  return { statusCode: 303, headers: { location: "https://example.com/" } };
}

function http(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request(runtime + path, { agent, method }, async (response) => {
      let text = "";
      for await (const piece of response.setEncoding("utf8")) text += piece;
      resolve({ headers: response.headers, text });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

for (;;) {
  const { headers, text } = await http("GET", "next");
  const reference = headers["lambda-runtime-aws-request-id"];
  await http("POST", `${reference}/response`, JSON.stringify(await answer(JSON.parse(text))));
}
