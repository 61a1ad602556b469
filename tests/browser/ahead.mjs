// What browsers fetch or render ahead of a click.
//
// Chromium renders nothing ahead while DevTools are attached, and Playwright drives it through DevTools
// (`PrerenderingDisabledByDevTools`). So the browser here is one of its own that nothing drives: a page clicks its link by
// itself, and a server in front of the function sees all that the browser asks for.
//
// A browser may decline to run ahead. Each page therefore names a second address, `/control`, which any browser may have. Where
// the browser ran ahead to that one, it must have done so to the callback too; where it did not, the check is skipped.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Skipped, is } from './tally.mjs';

const PATIENCE = 10_000;
const CONTROL = '/control';

// The ways to have a browser run ahead: the markup for some addresses, and what shows that it did so to the control.
export const WAYS = [
  { name: '<link rel=prefetch>', markup: links, ran: ({ fetched }) => fetched },
  { name: 'a speculation rule, prefetch,', markup: rules('prefetch'), ran: ({ fetched }) => fetched },
  { name: 'a speculation rule, prerender,', markup: rules('prerender'), ran: ({ rendered }) => rendered },
];

// A page of the function's own origin names the callback, and clicks it when the browser has run ahead. Nothing may be sent
// before the click. stage: as in certified.mjs. cookies: what the person's browser has, as Playwright tells it.
export async function runAhead(stage, way, callback, cookies) {
  const front = await Front.start(stage, way, callback, cookies);
  const browser = await Undriven.start(`${front.origin}/`);
  try {
    await until(() => front.connected || browser.ended, 4 * PATIENCE);
    is(front.opened, true, `whether the page was opened (${browser.printed.slice(-500)})`);
    const { arrivals, sentAhead, control } = front;
    is(sentAhead, 0, 'codes that were sent ahead');
    const ahead = arrivals.filter(({ purpose }) => purpose);
    is(ahead.filter(({ cookie }) => !cookie), [], 'requests ahead without the cookie of the person');
    is(arrivals.filter(({ purpose }) => !purpose).map(({ status }) => status), [303], 'the statuses of the click');
    is(front.connected, true, 'whether the click ends on the page that says connected');
    if (way.ran(control)) {
      is(ahead.length > 0, true, 'whether the browser ran ahead');
    } else {
      throw new Skipped(`this browser does not run ahead to a plain page either; requests ahead for the callback: ${ahead.length}`);
    }
  } finally {
    await browser.stop();
    front.stop();
  }
}

// The markup of a page on which `prefetched` is to be tried.
export function prefetch(address) {
  return links([address, CONTROL]);
}

// Opens such a page in a browser that is driven, and answers the response to what it has fetched ahead.
export async function prefetched(page, address, opened) {
  const control = page.waitForResponse(new URL(CONTROL, opened).href, { timeout: PATIENCE }).catch(() => null);
  const answer = page.waitForResponse(address, { timeout: PATIENCE }).catch(() => null);
  await page.goto(opened);
  if (!await control) throw new Skipped('this browser does not prefetch a plain page either');
  is(await answer !== null, true, 'whether the browser ran ahead');
  return answer;
}

// The page, the control, and the function behind the same origin.
class Front {
  opened = false;
  connected = false;
  // Requests for the callback: `Sec-Purpose`, whether the person's cookie came along, and the status.
  arrivals = [];
  control = { fetched: false, rendered: false };
  sentAhead = null;

  static async start(stage, way, callback, cookies) {
    const front = Object.assign(new Front(), { stage, way, cookies, sentBefore: await stage.sent() });
    front.callback = callback.slice(new URL(callback).origin.length);
    front.server = createServer((request, answer) => front.answer(request, answer)).listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    front.origin = `http://127.0.0.1:${front.server.address().port}`;
    return front;
  }

  answer(request, answer) {
    const asked = new URL(request.url, this.origin);
    const { pathname } = asked;
    const html = (body) => answer.setHeader('content-type', 'text/html').end(`<!doctype html><title>Ahead</title>${body}`);
    if (pathname === '/') {
      this.opened = true;
      // Cookies are for all ports of a host: this browser has what the person's has.
      answer.setHeader('set-cookie', this.cookies.map(({ name, value }) => `${name}=${value}; Max-Age=600; Path=/; HttpOnly; SameSite=Lax`));
      const click = 'fetch("/ready").then(() => document.querySelector("a").click())';
      html(`${this.way.markup([this.callback, CONTROL])}<a href="${this.callback.replaceAll('&', '&amp;')}">Continue</a><script>${click}</script>`);
    } else if (pathname === CONTROL) {
      this.control.fetched ||= Boolean(request.headers['sec-purpose']);
      html('<script>fetch(`/rendered?${document.prerendering === true}`)</script>');
    } else if (pathname === '/rendered') {
      this.control.rendered ||= request.url.endsWith('?true');
      answer.end();
    } else if (pathname === '/ready') {
      this.ready().then(() => answer.end(), (error) => answer.destroy(error));
    } else {
      this.pass(request, answer, asked);
    }
  }

  // Until the browser has run ahead or will not, and then long enough for a code to be sent, if one were.
  async ready() {
    await until(() => this.arrivals.length > 0 && this.way.ran(this.control), PATIENCE);
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    this.sentAhead = await this.stage.sent() - this.sentBefore;
  }

  // To the function, and back; a redirect to it stays with this server.
  pass(request, answer, { pathname, searchParams }) {
    const { method, url, headers } = request;
    const target = new URL(url, this.stage.gateway);
    const onward = ask(target, { method, headers: { ...headers, host: target.host } }, (response) => {
      if (pathname.startsWith('/callback/')) {
        const cookie = this.cookies.every(({ name, value }) => headers.cookie?.includes(`${name}=${value}`));
        this.arrivals.push({ purpose: headers['sec-purpose'], cookie, status: response.statusCode });
      }
      if (pathname === '/connected' && !headers['sec-purpose']) {
        this.connected = response.statusCode === 200 && searchParams.get('connection') === this.stage.connection;
      }
      const { location, ...others } = response.headers;
      answer.writeHead(response.statusCode, location ? { ...others, location: location.replace(this.stage.gateway, '') } : others);
      response.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    request.pipe(onward);
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

// Chromium with a profile of its own and without DevTools.
class Undriven {
  printed = '';
  ended = false;

  static async start(address) {
    const browser = new Undriven();
    browser.profile = await mkdtemp(path.join(tmpdir(), 'ahead-'));
    browser.process = spawn(process.env.CHROMIUM || '/usr/bin/chromium', [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-default-browser-check',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--password-store=basic',
      `--user-data-dir=${browser.profile}`, address,
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    browser.exited = once(browser.process, 'exit').catch((error) => { browser.printed += error; }).finally(() => { browser.ended = true; });
    browser.process.stderr.on('data', (text) => { browser.printed += text; });
    process.on('exit', () => browser.process.kill('SIGKILL'));
    return browser;
  }

  async stop() {
    this.process.kill();
    const timer = setTimeout(() => this.process.kill('SIGKILL'), PATIENCE);
    await this.exited;
    clearTimeout(timer);
    // Its helpers may still write for a moment.
    await rm(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

function links(addresses) {
  return addresses.map((address) => `<link rel="prefetch" href="${address.replaceAll('&', '&amp;')}">`).join('');
}

function rules(action) {
  return (urls) => `<script type="speculationrules">${JSON.stringify({ [action]: [{ source: 'list', urls, eagerness: 'immediate' }] })}</script>`;
}

async function until(condition, patience) {
  const deadline = Date.now() + patience;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => { setTimeout(resolve, 50); });
}
