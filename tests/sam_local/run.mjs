// The real `sam local`: one event of each outcome, then a person's whole flow in a browser, against the emulator; with its
// stand-in for the application, then with `oidc-provider`.
//
// As root, from the top of the repository, after `sam build --build-dir target/sam` for this machine's processor:
//
//     cargo build --locked --package local && cargo build --locked --package appfabric-emulator
//     npm ci --prefix tests/browser
//     APPFABRIC_PORT=4566 DYNAMODB_PORT=8000 tests/sam_local/engine node tests/sam_local/run.mjs
//
// `sam`, `aws` and a Python with moto have to be on the PATH. CHROMIUM is another browser binary. `sam local` exits with 0 whatever
// comes, so it is judged by what it printed, what the person saw, and what AppFabric was asked.

import { execFile, spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { certified } from '../browser/certified.mjs';
import { Oidc } from '../browser/oidc.mjs';
import { consentWithoutABrowser, deadLink, decide, heading, resultPage } from '../browser/person.mjs';
import { Tally, is } from '../browser/tally.mjs';

const { chromium } = createRequire(new URL('../browser/', import.meta.url))('playwright-core');
const run = promisify(execFile);

const { APPFABRIC_PORT, DYNAMODB_PORT } = process.env;
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const SAM = ['--template', 'target/sam/template.yaml', '--skip-pull-image', '--region', 'us-east-1', '--parameter-overrides', `Architecture=${ARCHITECTURE}`];
const AUTHORIZATION = '10000000-0000-4000-8000-00000000000';

// What each event file comes to: outcome, reason, the app authorization that the person is told, how often the code is sent.
const EVENTS = [
  ['access_denied', 'failed', 'access_denied', 1, 0],
  ['application_error', 'failed', 'application_error', 1, 0],
  ['code_rejected', 'failed', 'code_rejected', 5, 1],
  ['connected', 'connected', null, 1, 1],
  ['connected_by_arn', 'connected', null, 1, 1],
  ['in_progress', 'pending', 'in_progress', 2, 1],
  ['invalid_request', 'failed', 'invalid_request', 1, 0],
  ['not_connected', 'failed', 'not_connected', 6, 1],
  ['temporarily_unavailable', 'failed', 'temporarily_unavailable', 4, 3],
  ['unconfirmed', 'pending', 'unconfirmed', 3, 1],
  ['unknown_connection', 'failed', 'unknown_connection', null, 0],
];

const figures = [];
const children = [];
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

// Starts a program and waits until it has printed this; answers the program and all that it prints.
async function start(expected, program, ...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const printed = { text: '' };
  await new Promise((ready, failed) => {
    const read = (piece) => {
      printed.text += piece;
      if (expected.test(printed.text)) ready();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => failed(new Error(`${program} ended (${code}):\n${printed.text}`)));
    setTimeout(() => failed(new Error(`${program} does not start:\n${printed.text}`)), 60_000).unref();
  });
  return { printed, stop: () => new Promise((ended) => child.on('exit', ended).kill('SIGINT')) };
}

// A container reaches this side at 172.17.0.1; what is tested against listens at 127.0.0.1 only.
function forward(port, to) {
  const server = createServer((client) => {
    const upstream = createConnection(to, '127.0.0.1');
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  return new Promise((listening) => server.listen(port, '172.17.0.1', listening)).then(() => server.unref());
}

// How often AppFabric was sent a code since it began.
async function sent() {
  const calls = await (await fetch(`http://127.0.0.1:${APPFABRIC_PORT}/_emulator/calls`)).json();
  return calls.filter(({ operation }) => operation === 'ConnectAppAuthorization').length;
}

// Invokes the function with an event file; answers its answer and everything that was printed.
async function invoke(event, env) {
  const args = ['local', 'invoke', 'Function', ...SAM, '--event', event, '--env-vars', env];
  const { stdout, stderr } = await run('sam', args, { maxBuffer: 1 << 24 });
  return { answer: JSON.parse(stdout.trim().split('\n').at(-1)), printed: stdout + stderr };
}

function lines(printed) {
  // SAM's own text may stand before one.
  return (printed.match(/\{"timestamp".*\}\s?$/gm) ?? []).map((line) => JSON.parse(line));
}

function callbackLines(printed) {
  return lines(printed).filter(({ message }) => message === 'callback');
}

// Does something while AppFabric has the scene of the event files, and says how many codes that sent.
async function onStage(body) {
  const emulator = await start(/AppFabric is at/, 'target/debug/appfabric-emulator', '--port', APPFABRIC_PORT, '--scene', 'events/scene.json');
  try {
    return { ...await body(), sent: await sent() };
  } finally {
    await emulator.stop();
  }
}

// `sam local invoke`, for one event of each outcome.
async function events(tally) {
  for (const [name, outcome, reason, authorization, sends] of EVENTS) {
    await tally.check(`sam local invoke: ${name}`, async () => {
      const file = `events/rest/${name}.json`;
      const invoked = () => onStage(() => invoke(file, 'events/env.json'));
      let { answer, printed, sent } = await invoked();
      // SAM may end before it has shown what the container printed last; then it is asked once more.
      if (!callbackLines(printed).length) ({ answer, printed, sent } = await invoked());
      is(answer.statusCode, 303, 'the status');
      const location = new URL(answer.headers.location);
      const reference = location.searchParams.get('reference');
      is(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reference), true, `whether ${reference} is a UUID`);
      const query = [`outcome=${outcome}`, ...reason ? [`reason=${reason}`] : [], ...authorization ? [`connection=${AUTHORIZATION}${authorization}`] : []];
      is(location.href, `https://abc123def4.execute-api.us-east-1.amazonaws.com/prod/${outcome}?${query.join('&')}&reference=${reference}#_`, 'Location');
      is(sent, sends, 'codes sent');
      const [line, ...more] = callbackLines(printed);
      is([more.length, line.outcome, line.reason ?? null, line.reference], [0, outcome, reason, reference], 'the line in the log');
      const { multiValueQueryStringParameters: { code = [] } } = JSON.parse(await readFile(file, 'utf8'));
      // `invalid_request` has the words "first" and "second" for codes.
      is(code.filter((text) => text.length > 10 && printed.includes(text)), [], 'codes that were printed');
    });
  }
}

// AppFabric and an application for the function at this API.
async function stage(api, ...options) {
  const world = await start(/is behind\s+\S+\n/, 'target/debug/local', '--function-at', api, '--appfabric-port', APPFABRIC_PORT, ...options);
  const [, redirectUri] = world.printed.text.match(/is behind\s+(\S+)/);
  const [bundle, authorization] = redirectUri.split('/').slice(-2);
  return { ...world, bundle, authorization, redirectUri };
}

// The link of a flow that is begun here. Only a signed request begins one, and `sam local start-api` knows no signer; so this
// is the event of one, and whoever has the function answers it.
async function newLink({ bundle, authorization }, answered) {
  const event = JSON.parse(await readFile('events/flows/rest-flow_begun.json', 'utf8'));
  event.body = JSON.stringify({ appBundleIdentifier: bundle, appAuthorizationIdentifier: authorization });
  const answer = await answered(event);
  is(answer.statusCode, 201, `the status of ${JSON.stringify(answer)}`);
  return JSON.parse(answer.body).connectUrl;
}

// `sam local start-api`, `state` enforced, with a table, an application on another site, and Chromium.
async function flow(tally, port) {
  const api = `http://127.0.0.1:${port}`;
  const moto = await start(/http:.*\n/, 'python', 'tests/dynamodb/moto_server.py');
  const dynamodb = moto.printed.text.trim();
  await forward(Number(DYNAMODB_PORT), Number(new URL(dynamodb).port));
  await run('aws', [
    'dynamodb', 'create-table', '--endpoint-url', dynamodb, '--region', 'us-east-1', '--table-name', 'flows', '--billing-mode', 'PAY_PER_REQUEST',
    '--attribute-definitions', 'AttributeName=id,AttributeType=S', '--key-schema', 'AttributeName=id,KeyType=HASH',
  ], { env: { ...process.env, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' } });
  const world = await stage(api);
  const { authorization } = world;
  const env = path.resolve('target/sam-local-env.json');
  await writeFile(env, JSON.stringify({ Parameters: { FLOW_TABLE: 'flows', STATE_MODE: 'enforce', PUBLIC_BASE_URL: api } }));
  const gateway = await start(/Running on/, 'sam', 'local', 'start-api', ...SAM, '--env-vars', env, '--port', String(port), '--warm-containers', 'LAZY');

  const link = () => newLink(world, async (event) => {
    const file = path.resolve('target/sam-local-event.json');
    await writeFile(file, JSON.stringify(event));
    return (await invoke(file, env)).answer;
  });

  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const visit = (name, body) => tally.check(`sam local start-api: ${name}`, async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    await body(await context.newPage()).finally(() => context.close());
  });
  const go = async (page) => {
    await page.getByRole('button', { name: 'Continue to EXAMPLE', exact: true }).click();
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
  };

  await tally.check('sam local start-api: who has not signed begins no flow', async () => {
    const answer = await fetch(`${api}/flows`, { method: 'POST', body: '{"connection":"slack"}' });
    is([answer.status, answer.headers.get('content-type')], [403, 'application/problem+json'], 'the answer');
  });
  let first;
  await visit('from the link to the application on another site, and back to the page that says connected', async (page) => {
    first = await link();
    is(new URL(first).origin, api, 'where the link leads');
    await page.goto(first);
    is(await heading(page), 'Connect EXAMPLE', 'the heading');
    await go(page);
    is(new URL(page.url()).hostname, 'localhost', 'where the application is');
    const back = page.waitForRequest((request) => request.url().startsWith(`${api}/callback/`));
    await decide(page, 'Allow');
    const callback = (await back).url();
    await resultPage(page, 'connected', { outcome: 'connected', connection: authorization });
    is(await sent(), 1, 'codes sent');
    // The same callback again, in the same browser.
    await page.goto(callback);
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(await sent(), 1, 'codes sent');
  });
  await visit('the link is used, for whoever opens it', async (page) => {
    await deadLink(page, first, 410, 'Already connected');
  });
  await visit('Cancel ends on a page that says so, and the link is good for another try', async (page) => {
    const another = await link();
    await page.goto(another);
    await go(page);
    await decide(page, 'Cancel');
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'access_denied' });
    is((await page.goto(another)).status(), 200, 'the status of the link');
    is(await sent(), 1, 'codes sent');
  });
  await visit('another browser with the same callback is refused before anything is spent', async (page) => {
    await page.goto(await link());
    await go(page);
    const stolen = await consentWithoutABrowser(page.url());
    const thief = await (await browser.newContext()).newPage();
    await thief.goto(stolen);
    await resultPage(thief, 'failed', { outcome: 'failed', reason: 'invalid_state' });
    is(await sent(), 1, 'codes sent');
    await page.goto(stolen);
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(await sent(), 2, 'codes sent');
  });
  await visit('a path that nobody knows is a page of the function', async (page) => {
    const answer = await page.goto(`${api}/no/such/path`);
    is([answer.status(), await heading(page)], [404, 'Page not found'], 'the page');
  });
  await tally.check('sam local start-api: nothing printed is a code, a state or a link', async () => {
    const printed = gateway.printed.text;
    is(callbackLines(printed).length, 5, 'callbacks in the log');
    is(/code=|state=|connect\/[0-9a-f]{64}/.test(lines(printed).map((line) => JSON.stringify(line)).join('\n')), false, 'whether there is one');
  });
  await world.stop();
  await withOidcProvider(tally, browser, api, env, gateway);
  await browser.close();
}

// The same API with an application that others wrote. Links are made through `sam local start-lambda`, which keeps its
// container, as the API does.
async function withOidcProvider(tally, browser, api, env, gateway) {
  const port = Number(new URL(api).port) + 1;
  const lambda = await start(/Running on/, 'sam', 'local', 'start-lambda', ...SAM, '--env-vars', env, '--port', String(port), '--warm-containers', 'LAZY');
  const invoked = async (event) => {
    const address = `http://127.0.0.1:${port}/2015-03-31/functions/Function/invocations`;
    return (await fetch(address, { method: 'POST', body: JSON.stringify(event) })).json();
  };
  const oidc = await Oidc.start();
  const world = await stage(api, ...oidc.options());
  oidc.register(world.redirectUri);
  const from = gateway.printed.text.length;
  const printed = () => gateway.printed.text.slice(from);
  figures.push(await certified({
    name: 'sam local start-api',
    oidc,
    gateway: api,
    application: oidc.origin,
    connection: world.authorization,
    newLink: () => newLink(world, invoked),
    sent,
    // What the function wrote; SAM's own lines have the whole query.
    get printed() { return lines(printed()).map((line) => JSON.stringify(line)).join('\n') + world.printed.text; },
  }, browser, tally));
  await lambda.stop();
  await world.stop();
  oidc.stop();
}

const tally = new Tally();
await forward(Number(APPFABRIC_PORT), Number(APPFABRIC_PORT));
await events(tally);
await flow(tally, 3000).catch((error) => tally.check('sam local start-api: starts', () => { throw error; }));
console.log(tally.count);
console.log(`figures: ${figures.join('; ')}`);
process.exit(tally.failed === 0 ? 0 : 1);
