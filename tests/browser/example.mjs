// What the scenarios stand on: the running example, and what browsers do with it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NOWHERE } from './pages.mjs';
import { is } from './tally.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCAL = process.env.LOCAL || path.join(ROOT, 'target/debug/local');
const PATIENCE = 15_000;

export const SCREENSHOTS = process.env.SCREENSHOTS || path.join(ROOT, 'target/screenshots');

// Whatever happens here, none of them outlives this process.
const running = new Set();
process.on('exit', () => running.forEach((example) => example.kill()));

// The running example, with what it says of itself.
export class Example {
  static async start(front, more = []) {
    const example = new Example();
    example.front = front;
    example.process = spawn(LOCAL, ['--front', front, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    example.exited = once(example.process, 'exit');
    // Who waits for it sees the error; nobody has to.
    example.exited.catch(() => {});
    example.printed = '';
    for (const stream of [example.process.stdout, example.process.stderr]) {
      stream.on('data', (text) => { example.printed += text; });
    }
    running.add(example);

    example.link = await example.says(/^\s+(http\S+\/(?:authorize\?\S+|connect\/[0-9a-f]{64}))$/m);
    example.application = await example.says(/application {2}is at (\S+)/);
    example.redirectUri = await example.says(/function {2}is behind (\S+)/);
    example.gateway = new URL(example.redirectUri).origin;
    example.connection = example.redirectUri.split('/').at(-1);
    example.bundle = await example.says(/appfabric {2}has app bundle (\S+)/);
    example.authorization = await example.says(/appfabric {2}has app authorization (\S+)/);
    example.appfabric = await example.says(/appfabric {2}is at (\S+);/);
    return example;
  }

  // How often a code was sent to AppFabric so far.
  sent() {
    return this.printed.match(/appfabric {2}Connect:/g)?.length ?? 0;
  }

  // As an operator does it: an update sets what is connected back to PendingConnect.
  async disconnect() {
    const answer = await fetch(`${this.appfabric}/appbundles/${this.bundle}/appauthorizations/${this.authorization}`, {
      method: 'PATCH',
      headers: { authorization: signature('appfabric') },
      body: '{}',
    });
    is(answer.status, 200, 'the status of the update');
    is((await answer.json()).appAuthorization.status, 'PendingConnect', 'the status of the app authorization');
  }

  // One more connect link, as an operator's program makes it.
  async newLink() {
    const answer = await this.postFlows({ authorization: signature(this.front === 'function-url' ? 'lambda' : 'execute-api') });
    is(answer.status, 201, 'the status of POST /flows');
    const { connectUrl } = await answer.json();
    is(connectUrl.startsWith(`${this.gateway}/connect/`), true, 'whether the link is one of the API');
    return connectUrl;
  }

  postFlows(headers) {
    const body = { connection: this.connection };
    return fetch(`${this.gateway}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  // What goes wrong with the next calls of an operation of AppFabric.
  async fault(operation, fault) {
    const answer = await fetch(`${this.appfabric}/_emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ target: '*', operation, fault }),
    });
    is(answer.ok, true, `whether the fault is taken (${answer.status})`);
  }

  async says(pattern) {
    const deadline = Date.now() + PATIENCE;
    while (Date.now() < deadline && this.process.exitCode === null && this.process.pid) {
      const found = this.printed.match(pattern);
      if (found) return found[1];
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    throw new Error(`${LOCAL} did not print ${pattern}, but: ${this.printed || 'nothing'}`);
  }

  // Ctrl-C; answers the exit code, or the signal that it took.
  async interrupt() {
    this.process.kill('SIGINT');
    const timer = setTimeout(() => this.kill(), PATIENCE);
    const [code, signal] = await this.exited;
    clearTimeout(timer);
    return code ?? signal;
  }

  kill() {
    running.delete(this);
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
  }
}

// Signature Version 4 as far as the emulators look at it: they verify none.
function signature(service) {
  return `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0f`;
}

// What browsers ask for and complain about, over all visits to one example. What an application of somebody else's asks for
// and complains about on its own pages is its own affair.
export class Watch {
  requests = 0;
  foreign = [];
  complaints = [];
  callbacks = [];
  // Links, states, codes and cookies: nothing that may be printed.
  secrets = new Set();

  constructor(example) {
    this.example = example;
  }

  over(context) {
    context.on('request', (request) => {
      const url = request.url();
      const { origin, pathname, searchParams } = new URL(url);
      this.requests += 1;
      const known = [this.example.gateway, this.example.application].includes(origin);
      if (!known && (request.isNavigationRequest() || !this.theirs(request.frame()))) this.foreign.push(url);
      if (origin === this.example.gateway && pathname.startsWith('/callback/')) this.callbacks.push(url);
      if (pathname.startsWith('/connect/') && url !== this.example.link) this.secrets.add(pathname.split('/')[2]);
      for (const name of ['code', 'state']) {
        if (searchParams.has(name)) this.secrets.add(searchParams.get(name));
      }
    });
    context.on('console', (message) => {
      // Chromium says so of the page's own status, which is right.
      const { url } = message.location();
      const own = url === this.example.gateway + NOWHERE || url.startsWith(`${this.example.gateway}/connect/`);
      const ownStatus = own && /\b(403|404|410)\b/.test(message.text());
      if (message.type() === 'error' && !ownStatus && !this.theirs(message.page())) this.complaints.push(`${url}: ${message.text()}`);
    });
    context.on('weberror', (error) => {
      if (!this.theirs(error.page())) this.complaints.push(String(error.error()));
    });
  }

  // Whether a frame or page shows what others wrote.
  theirs(shown) {
    return Boolean(this.example.oidc) && shown?.url().startsWith(`${this.example.application}/`);
  }

  // The secrets of this kind that the example has printed.
  leaked() {
    return [...this.secrets].filter((secret) => secret && this.example.printed.includes(secret));
  }
}

// Cookies, cache and history of nobody.
export async function inAFreshContext(browser, watch, settings, body) {
  const context = await browser.newContext(settings);
  context.setDefaultTimeout(PATIENCE);
  watch?.over(context);
  try {
    await body(await context.newPage());
  } finally {
    // A context that a failed check has lost has no cookies any more.
    for (const { value } of await context.cookies().catch(() => [])) watch?.secrets.add(value);
    await context.close();
  }
}

// A page of somebody else's, on this host. It is served: one that Playwright makes up may not ask anything of loopback.
export async function elsewhere(host, html, body) {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<!doctype html><title>Somebody else's page</title>${html}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body(`http://${host}:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
