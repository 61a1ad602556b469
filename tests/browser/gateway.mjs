// What the template lets API Gateway answer by itself, on loopback and with its own headers.
//
// `GATEWAY_RESPONSES` names a file that `python tests/template/stack.py FOLDER` writes there; without it nothing is served.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

// In the shape of API Gateway's own.
const REFERENCE = 'JKJaXmPLvHcESHA=';

// The pages as the others are named: each with its address. They are served until this process ends.
export async function gatewayPages() {
  const file = process.env.GATEWAY_RESPONSES;
  if (!file) {
    console.log('*** GATEWAY_RESPONSES is not set: what API Gateway answers by itself is not looked at ***');
    return [];
  }
  const responses = Object.entries(JSON.parse(await readFile(file, 'utf8')));
  const pages = new Map(responses.filter(([, { body }]) => body.startsWith('<!doctype html>')).map(([kind, page]) => [`/${kind}`, page]));
  const server = createServer((request, response) => {
    const { headers, body } = pages.get(request.url) ?? { headers: {}, body: '' };
    response.writeHead(pages.has(request.url) ? 200 : 404, headers).end(body.replaceAll('$context.extendedRequestId', REFERENCE));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  server.unref();
  return [...pages.keys()].map((path) => [`gateway-${path.slice(1).toLowerCase()}`, `http://127.0.0.1:${server.address().port}${path}`]);
}
