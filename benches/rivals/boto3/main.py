"""The function's calls of AWS as people write them with boto3, behind as small a Lambda runtime as there can be."""

import json
import os
from http.client import HTTPConnection

import boto3

PREFIX = "/2018-06-01/runtime/invocation/"

appfabric = boto3.client("appfabric")
table = os.environ.get("FLOW_TABLE")
dynamodb = boto3.client("dynamodb") if table else None


def update(key, value):
    dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": key}},
        UpdateExpression="SET #value = :value",
        ExpressionAttributeNames={"#value": "value"},
        ExpressionAttributeValues={":value": {"S": value}},
    )


def answer(event):
    path = event["rawPath"]
    code = event["queryStringParameters"]["code"]
    bundle, authorization = path.removeprefix("/callback/").split("/")
    identifiers = {"appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization}
    if table:
        update("flow", "open")
        dynamodb.put_item(
            TableName=table, Item={"id": {"S": code}}, ConditionExpression="attribute_not_exists(id)"
        )
    else:
        appfabric.get_app_authorization(**identifiers)
    appfabric.connect_app_authorization(
        **identifiers, authRequest={"redirectUri": "https://connect.example.com" + path, "code": code}
    )
    if table:
        update(code, "connected")
        update("flow", "finished")
    return {"statusCode": 303, "headers": {"location": "https://example.com/"}}


def main():
    runtime = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", PREFIX + "next")
        response = runtime.getresponse()
        reference = response.getheader("Lambda-Runtime-Aws-Request-Id")
        runtime.request("POST", f"{PREFIX}{reference}/response", json.dumps(answer(json.load(response))))
        runtime.getresponse().read()


main()
