// The local example as a person meets it: in Debian's Chromium, behind each of the three fronts.
//
// Run it with Node 20 or later and `/usr/bin/chromium` (Debian: apt install chromium), from the top of the repository:
//
//     cargo build --example local
//     npm ci --prefix tests/browser
//     node tests/browser/local.mjs
//
// CHROMIUM     another browser binary
// LOCAL        another example binary; default target/debug/examples/local
// SCREENSHOTS  where the pictures go; default target/screenshots
//
// One line for each check, then the count. The exit code is 1 if one of them failed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCAL = process.env.LOCAL || path.join(ROOT, 'target/debug/examples/local');
const SCREENSHOTS = process.env.SCREENSHOTS || path.join(ROOT, 'target/screenshots');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const FRONTS = ['rest', 'http', 'function-url'];
const PATIENCE = 15_000;
const REFERENCE = '8f5ab3d2-0c1d-4e2f-8a3b-4c5d6e7f8091';
// A path that every front hands to the function; other unknown ones end at API Gateway.
const NOWHERE = '/callback/no/page/is/at/this/address';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// Every page that the function shows to a browser.
const PAGES = [
  ['connected', `/connected?outcome=connected&reference=${REFERENCE}#_`],
  ['pending', `/pending?outcome=pending&reason=in_progress&reference=${REFERENCE}#_`],
  ['failed', `/failed?outcome=failed&reason=code_rejected&reference=${REFERENCE}#_`],
  ['not-found', NOWHERE],
  ['pending-unconfirmed', '/pending?reason=unconfirmed'],
  ['pending-bare', '/pending'],
  ...['access_denied', 'application_error', 'temporarily_unavailable', 'invalid_request', 'unknown_connection', 'not_connected']
    .map((reason) => [`failed-${reason}`, `/failed?reason=${reason}&reference=${REFERENCE}`]),
  ['failed-bare', '/failed'],
];
// The ones that are worth a picture.
const PICTURED = PAGES.slice(0, 4);

// ---- The scenarios

// What a person can do with a link, whose codes live long enough.
async function aPersonsWays(front, browser, tally) {
  const example = await Example.start(front);
  const watch = new Watch(example);
  const check = (name, body) => tally.check(`${front}: ${name}`, body);
  const visit = (name, body) => check(name, () => inAFreshContext(browser, watch, {}, body));

  await visit('Allow ends on the page that says connected', async (page) => {
    const sent = example.sent();
    await page.goto(example.link);
    await decide(page, 'Allow');
    const query = await resultPage(page, 'connected', { outcome: 'connected' });
    is(query.get('reason'), null, 'the reason of a success');
    is(await heading(page), 'The application is connected', 'the heading');
    is((await page.locator('dd code').textContent()).trim(), query.get('reference'), 'the reference on the page');
    is(UUID.test(query.get('reference')), true, 'whether the reference is a UUID');
    is(query.get('connection'), example.authorization, 'the connection');
    is(page.url().includes('code='), false, 'whether the code is in the address');
    is(await page.evaluate(() => document.referrer), '', 'document.referrer');
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  });

  await visit('back, forward and reload show pages and spend no code', async (page) => {
    await page.goto(example.link);
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
    const spent = watch.callbacks.length;
    await page.goBack();
    is(new URL(page.url()).pathname, '/authorize', 'the page before');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await page.goForward();
    await resultPage(page, 'connected', { outcome: 'connected' });
    await page.reload();
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(watch.callbacks.length, spent, 'requests at the redirection endpoint');
  });

  await visit('Cancel ends on a page that says what to do', async (page) => {
    await page.goto(example.link);
    await decide(page, 'Cancel');
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'access_denied' });
    is(await heading(page), 'Access was not granted', 'the heading');
    const advice = await whatToDo(page);
    is(advice, 'If this was not intended, start again from the link you were given and allow access.', 'the advice');
  });

  await visit('the same link connects again what is not connected any more', async (page) => {
    for (const _ of ['first', 'second']) {
      await example.disconnect();
      const sent = example.sent();
      await page.goto(example.link);
      await decide(page, 'Allow');
      await resultPage(page, 'connected', { outcome: 'connected' });
      is(example.sent() - sent, 1, 'codes sent to AppFabric');
    }
    const [first, second] = watch.callbacks.slice(-2);
    is(first === second, false, 'whether both consents gave the same code');
  });

  await visit('what is connected already is left alone', async (page) => {
    const sent = example.sent();
    await page.goto(example.link);
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(example.sent() - sent, 0, 'codes sent to AppFabric');
  });

  await visit('the same code delivered again ends where it did before, and is not sent again', async (page) => {
    await example.disconnect();
    const sent = example.sent();
    await page.goto(example.link);
    await decide(page, 'Allow');
    const before = await resultPage(page, 'connected', { outcome: 'connected' });
    // One parameter more, as a link scanner adds them: the code is the same.
    for (const again of [watch.callbacks.at(-1), `${watch.callbacks.at(-1)}&scanned=1`]) {
      await page.goto(again);
      const after = await resultPage(page, 'connected', { outcome: 'connected' });
      is(after.get('reference') === before.get('reference'), false, 'whether the reference is the first one');
    }
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
    is(page.context().pages().length, 1, 'open pages');
    is(await page.locator('main').count(), 1, 'main elements');
  });

  await visit('a fragment on the way in does not survive', async (page) => {
    await page.goto(`${example.redirectUri}?error=access_denied#secret`);
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'access_denied' });
    is((await page.content()).includes('secret'), false, 'whether the fragment is on the page');
  });

  await visit('a prefetch is answered 204 and leaves the code to the person', async (page) => {
    await example.disconnect();
    const callback = await consentWithoutABrowser(example);
    const sent = example.sent();
    const prefetch = await fetch(callback, { headers: { 'sec-purpose': 'prefetch' }, redirect: 'manual' });
    is(prefetch.status, 204, 'the status of the prefetch');
    is(prefetch.headers.get('cache-control'), 'no-store', 'its cache-control');
    is(example.sent() - sent, 0, 'codes that the prefetch sent to AppFabric');
    await page.setContent(`<a href="${callback}">Continue</a>`);
    await page.getByRole('link').click();
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  });

  await check("Chromium's own prefetch leaves the code to the person", () => inAFreshContext(browser, null, {}, async (page) => {
    await example.disconnect();
    const callback = await consentWithoutABrowser(example);
    const sent = example.sent();
    // A page that links to the redirection endpoint and has the browser run ahead.
    // It is served: one that Playwright makes up may not ask anything of loopback.
    const ahead = createServer((_, answer) => {
      answer.setHeader('content-type', 'text/html');
      answer.end(`<!doctype html><link rel="prefetch" href="${callback}"><a href="${callback}">Continue</a>`);
    }).listen(0, '127.0.0.1');
    await once(ahead, 'listening');
    try {
      const [answer] = await Promise.all([
        page.waitForResponse(callback),
        page.goto(`http://127.0.0.1:${ahead.address().port}/`),
      ]);
      is((await answer.request().allHeaders())['sec-purpose'], 'prefetch', "Chromium's Sec-Purpose");
      is(answer.status(), 204, 'the status of the prefetch');
      is(example.sent() - sent, 0, 'codes that the prefetch sent to AppFabric');
      await page.getByRole('link').click();
      await resultPage(page, 'connected', { outcome: 'connected' });
      is(example.sent() - sent, 1, 'codes sent to AppFabric');
    } finally {
      ahead.closeAllConnections();
      ahead.close();
    }
  }));

  await visit('the keyboard alone is enough', async (page) => {
    await page.goto(example.link);
    is(await tabUntil(page, 'Cancel'), ['Allow', 'Cancel'], 'what Tab reaches');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  await visit('no page traps Tab', async (page) => {
    for (const [name, address] of PAGES) {
      await page.goto(example.gateway + address);
      await noTrap(page, name);
    }
  });

  // Its own watch: this visit shows that a complaint would be seen.
  const provoked = new Watch(example);
  await check('the content security policy is in force', () => inAFreshContext(browser, provoked, {}, async (page) => {
    await page.goto(example.gateway + PAGES[0][1]);
    await page.evaluate(() => new Promise((resolve) => {
      const image = new Image();
      image.onload = image.onerror = resolve;
      image.src = '/an-image';
      document.body.append(image);
    }));
    is(provoked.complaints.length, 1, 'complaints');
    is(provoked.complaints[0].includes('Content Security Policy'), true, 'whether the image was refused by the policy');
  }));

  if (front === FRONTS[0]) {
    await looks(example, browser, watch, check);
  }

  await check('nothing is requested from anywhere else', () => {
    is(watch.requests > 0, true, 'whether requests were seen');
    is(watch.foreign, [], 'foreign requests');
  });
  await check('no page complains on the console', () => is(watch.complaints, [], 'console and page errors'));
  await check('no code is in what the example prints', () => {
    const codes = watch.callbacks.map((url) => new URL(url).searchParams.get('code')).filter(Boolean);
    is(codes.length > 0, true, 'whether codes were seen');
    is(codes.filter((code) => example.printed.includes(code)), [], 'codes in the output');
  });
  await check('Ctrl-C ends it cleanly, with a browser still there', () => inAFreshContext(browser, null, {}, async (page) => {
    await page.goto(example.gateway + PAGES[0][1]);
    is(await example.interrupt(), 0, 'the exit code');
  }));
  example.kill();
}

// An application whose every code comes too late.
async function tooLate(front, browser, tally) {
  const example = await Example.start(front, ['--code-lifetime', '0']);
  const watch = new Watch(example);
  await tally.check(`${front}: a code that has expired ends on the page that says rejected`, () =>
    inAFreshContext(browser, watch, {}, async (page) => {
      await page.goto(example.link);
      await decide(page, 'Allow');
      await resultPage(page, 'failed', { outcome: 'failed', reason: 'code_rejected' });
      is(await heading(page), 'Your approval could not be used', 'the heading');
      is((await whatToDo(page)).startsWith('Start again from the link you were given'), true, 'whether it says to start again');
      is(watch.foreign, [], 'foreign requests');
      is(watch.complaints, [], 'console and page errors');
    }));
  await tally.check(`${front}: Ctrl-C ends that one cleanly too`, async () => is(await example.interrupt(), 0, 'the exit code'));
  example.kill();
}

// What does not depend on the front: sizes, colours, pictures and axe.
async function looks(example, browser, watch, check) {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [320, 1280]) {
      const settings = { colorScheme, viewport: { width, height: 720 } };
      await check(`every page fits ${width} px, ${colorScheme}`, () => inAFreshContext(browser, watch, settings, async (page) => {
        for (const [name, address] of PAGES) {
          await page.goto(example.gateway + address);
          is(await overflowing(page), [], `what is wider than the window on ${name}`);
        }
      }));
      await check(`pictures at ${width} px, ${colorScheme}`, () => inAFreshContext(browser, watch, settings, async (page) => {
        for (const [name, address] of PICTURED) {
          await page.goto(example.gateway + address);
          await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        }
      }));
      // The policy of the pages keeps axe out; only here it is set aside.
      await check(`axe finds nothing at ${width} px, ${colorScheme}`, () =>
        inAFreshContext(browser, null, { ...settings, bypassCSP: true }, async (page) => {
          for (const [name, address] of PAGES) {
            await page.goto(example.gateway + address);
            await page.addScriptTag({ path: AXE });
            const { violations, passes } = await page.evaluate(() => axe.run());
            is(passes.length > 0, true, `whether axe looked at ${name}`);
            is(violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target).join(', ')}`), [], `violations on ${name}`);
          }
        }));
    }
  }
}

// ---- What a person does and reads

async function decide(page, decision) {
  await page.getByRole('button', { name: decision }).click();
}

// Waits for a result page and answers its query; the address holds the outcome and ends in `#_`.
async function resultPage(page, name, expected) {
  await page.waitForURL((url) => ['/connected', '/pending', '/failed'].includes(url.pathname));
  const url = new URL(page.url());
  is(url.pathname, `/${name}`, `the page (${url.search})`);
  for (const [member, value] of Object.entries(expected)) {
    is(url.searchParams.get(member), value, member);
  }
  is(await page.evaluate(() => location.hash), '#_', 'location.hash');
  return url.searchParams;
}

async function heading(page) {
  return (await page.locator('h1').textContent()).trim();
}

async function whatToDo(page) {
  return (await page.locator('section', { hasText: 'What to do now' }).locator('p').textContent()).trim();
}

// The redirect URI with a fresh code, as the application sends it.
async function consentWithoutABrowser(example) {
  const form = new URLSearchParams(new URL(example.link).search);
  form.set('decision', 'allow');
  const answer = await fetch(`${example.application}/authorize`, { method: 'POST', body: form, redirect: 'manual' });
  is(answer.status, 303, 'the status of the consent');
  return answer.headers.get('location');
}

// The texts that have the focus, one Tab after the other.
async function tabUntil(page, last) {
  const reached = [];
  while (reached.length < 20 && reached.at(-1) !== last) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.textContent.trim()));
  }
  return reached;
}

// Tab reaches all that can have the focus, and two presses never leave it on the same element.
async function noTrap(page, name) {
  const focusable = await page.locator('a[href], button, input, select, textarea, summary, [tabindex]').count();
  const held = [];
  for (let press = 0; press < focusable + 3; press += 1) {
    await page.keyboard.press('Tab');
    held.push(await page.evaluate(() => {
      const focused = document.activeElement;
      return focused === document.body ? null : [...document.querySelectorAll('*')].indexOf(focused);
    }));
  }
  is(held.filter((element, at) => element !== null && element === held[at - 1]), [], `elements that hold the focus on ${name}`);
  is(new Set(held.filter((element) => element !== null)).size >= focusable, true, `whether Tab reaches everything on ${name}`);
}

// The elements that stick out of the window, and the page itself if it scrolls sideways.
function overflowing(page) {
  return page.evaluate(() => {
    // Of a picture only the shapes are seen, not the box around them.
    const wide = [...document.body.querySelectorAll(':not(svg)')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 || element.getBoundingClientRect().left < -0.5)
      .map((element) => element.localName);
    return document.documentElement.scrollWidth > innerWidth ? ['html', ...wide] : wide;
  });
}

// ---- What the scenarios stand on

// The running example, with what it says of itself.
class Example {
  static async start(front, more = []) {
    const example = new Example();
    const ports = ['--gateway-port', '0', '--application-port', '0'];
    example.process = spawn(LOCAL, [...ports, '--front', front, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
    example.exited = once(example.process, 'exit');
    // Who waits for it sees the error; nobody has to.
    example.exited.catch(() => {});
    example.printed = '';
    for (const stream of [example.process.stdout, example.process.stderr]) {
      stream.on('data', (text) => { example.printed += text; });
    }
    process.on('exit', () => example.kill());

    example.link = await example.says(/^\s+(http\S+\/authorize\?\S+)$/m);
    example.application = new URL(example.link).origin;
    example.redirectUri = new URL(example.link).searchParams.get('redirect_uri');
    example.gateway = new URL(example.redirectUri).origin;
    [example.bundle, example.authorization] = example.redirectUri.split('/').slice(-2);
    example.appfabric = await example.says(/appfabric {2}is at (\S+);/);
    return example;
  }

  // How often a code was sent to AppFabric so far.
  sent() {
    return this.printed.match(/appfabric {2}Connect:/g)?.length ?? 0;
  }

  // As an operator does it: an update sets what is connected back to PendingConnect.
  async disconnect() {
    const scope = 'AKIDEXAMPLE/20261123/us-east-1/appfabric/aws4_request';
    const answer = await fetch(`${this.appfabric}/appbundles/${this.bundle}/appauthorizations/${this.authorization}`, {
      method: 'PATCH',
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0f` },
      body: '{}',
    });
    is(answer.status, 200, 'the status of the update');
    is((await answer.json()).appAuthorization.status, 'PendingConnect', 'the status of the app authorization');
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
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
  }
}

// What browsers ask for and complain about, over all visits to one example.
class Watch {
  requests = 0;
  foreign = [];
  complaints = [];
  callbacks = [];

  constructor(example) {
    this.example = example;
  }

  over(context) {
    context.on('request', (request) => {
      const url = request.url();
      const { origin, pathname } = new URL(url);
      this.requests += 1;
      if (![this.example.gateway, this.example.application].includes(origin)) this.foreign.push(url);
      if (origin === this.example.gateway && pathname.startsWith('/callback/')) this.callbacks.push(url);
    });
    context.on('console', (message) => {
      // Chromium says so of the page's own status, which is right.
      const ownStatus = message.location().url === this.example.gateway + NOWHERE && message.text().includes('status of 404');
      if (message.type() === 'error' && !ownStatus) this.complaints.push(`${message.location().url}: ${message.text()}`);
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
  }
}

// Cookies, cache and history of nobody.
async function inAFreshContext(browser, watch, settings, body) {
  const context = await browser.newContext(settings);
  context.setDefaultTimeout(PATIENCE);
  watch?.over(context);
  try {
    await body(await context.newPage());
  } finally {
    await context.close();
  }
}

class Tally {
  passed = 0;
  failed = 0;

  async check(name, body) {
    try {
      await body();
      this.passed += 1;
      console.log(`ok    ${name}`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAIL  ${name}: ${String(error.message).replaceAll(/\s*\n\s*/g, ' | ')}`);
    }
  }
}

function is(actual, expected, what) {
  const [found, wanted] = [actual, expected].map((value) => JSON.stringify(value));
  if (found !== wanted) throw new Error(`${what}: ${found}, not ${wanted}`);
}

const tally = new Tally();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
try {
  for (const front of FRONTS) {
    for (const scenarios of [aPersonsWays, tooLate]) {
      // An example that does not start is one more failure, not the end.
      await scenarios(front, browser, tally).catch((error) => tally.check(`${front}: starts`, () => { throw error; }));
    }
  }
} finally {
  await browser.close();
}
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
