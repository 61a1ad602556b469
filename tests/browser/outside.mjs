// What is outside the function: a target page of somebody's own, and TLS in front of the API.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { promisify } from 'node:util';
import { go, onLoopback, setCookie } from './certified.mjs';
import { Example, inAFreshContext } from './example.mjs';
import { Oidc, consent, signIn } from './oidc.mjs';
import { resultPage } from './person.mjs';
import { is } from './tally.mjs';

// `SUCCESS_URL` is a page elsewhere, which learns the outcome and nothing of where the person comes from.
export async function toAnotherTarget(front, browser, tally) {
  const seen = [];
  const target = createServer((request, answer) => {
    seen.push(request);
    answer.setHeader('content-type', 'text/html');
    answer.end('<!doctype html><title>Done</title><h1>Done</h1><a href="/next">Next</a>');
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  // A third site, by its name.
  const successUrl = `http://localhost:${target.address().port}/done?lang=en`;
  const oidc = await Oidc.start();
  const example = await Example.start(front, [...oidc.options(), '--success-url', successUrl]);
  oidc.register(example.redirectUri);
  await check(front, tally, 'the target page gets no Referer, no cookie, no code and no fragment', () =>
    inAFreshContext(browser, null, {}, async (page) => {
      await onLoopback(page);
      await page.goto(example.link);
      await go(page);
      await signIn(page);
      const arrival = page.waitForRequest((request) => request.url().startsWith(oidc.redirectUri));
      await consent(page);
      // The provider lets its origin be known, and a redirect would hand it on.
      is((await (await arrival).allHeaders()).referer, `${oidc.origin}/`, 'Referer at the redirection endpoint');
      await page.getByRole('heading', { name: 'Done' }).waitFor();
      const { url, headers } = seen.find((request) => request.url.startsWith('/done'));
      is([headers.referer, headers.origin], [undefined, undefined], 'Referer and Origin');
      is((headers.cookie ?? '').includes('appfabric-connect'), false, 'whether our cookie is there');
      const query = new URL(url, successUrl).searchParams;
      is([...query.keys()], ['lang', 'outcome', 'connection', 'reference'], 'what is in the address');
      is([query.get('lang'), query.get('outcome'), query.get('connection')], ['en', 'connected', example.connection], 'and its values');
      is(await page.evaluate(() => [location.hash, document.referrer]), ['#_', ''], 'fragment and referrer');
      // So that the check can fail: this server does see a Referer where there is one.
      await page.getByRole('link').click();
      await page.waitForURL('**/next');
      is(typeof seen.find((request) => request.url === '/next').headers.referer, 'string', 'Referer of the page after that');
    }));
  example.kill();
  oidc.stop();
  target.closeAllConnections();
  target.close();
}

// Over https the cookie is one that no other host can set, `__Host-` (RFC 6265bis §4.1.3.2).
export async function overTls(front, browser, tally) {
  const server = createTlsServer(await certificate(), (request, answer) => {
    const { method, url, headers } = request;
    const onward = ask(api + url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.rawHeaders);
      response.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `https://127.0.0.1:${server.address().port}`;
  const oidc = await Oidc.start();
  const example = await Example.start(front, [...oidc.options(), '--public-base-url', base]);
  const api = await example.says(/--json '[^']+' (\S+)\/flows/);
  oidc.register(example.redirectUri);
  await check(front, tally, 'over TLS the cookie is __Host- and Secure, and the flow ends on connected', () =>
    inAFreshContext(browser, null, { ignoreHTTPSErrors: true }, async (page) => {
      await onLoopback(page);
      is([new URL(example.link).origin, new URL(oidc.redirectUri).origin], [base, base], 'where link and redirect URI are');
      const opened = await page.goto(example.link);
      const [name, value, attributes] = setCookie(await opened.headersArray());
      await go(page);
      is(/^__Host-appfabric-connect-[0-9a-f]{16}-[0-9a-f]{8}$/.test(name), true, `whether the name is bound to the host (${name})`);
      is(attributes.filter((attribute) => !attribute.startsWith('Max-Age=')), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'], 'attributes of the cookie');
      // What Chromium has made of it: it keeps no `__Host-` cookie that is not one.
      const [kept] = (await page.context().cookies(base)).filter((cookie) => cookie.name === name);
      is([kept?.value, kept?.domain, kept?.path], [value, '127.0.0.1', '/'], 'the cookie that was kept');
      is([kept.secure, kept.httpOnly, kept.sameSite], [true, true, 'Lax'], 'Secure, HttpOnly, SameSite');
      const lives = kept.expires - Date.now() / 1000;
      is(lives > 3540 && lives <= 3600, true, `whether the cookie lives as long as the link (${lives} s)`);
      const arrival = page.waitForRequest((request) => request.url().startsWith(oidc.redirectUri));
      await signIn(page);
      await consent(page);
      is((await (await arrival).allHeaders()).cookie, `${name}=${value}`, 'the cookie at the redirection endpoint');
      await resultPage(page, 'connected', { outcome: 'connected' });
      is([example.sent(), oidc.redeemed.length], [1, 1], 'codes sent and redeemed');
      is(oidc.redeemed[0].redirectUri, oidc.redirectUri, 'the redirect URI at the token endpoint');
    }));
  example.kill();
  oidc.stop();
  server.closeAllConnections();
  server.close();
}

function check(front, tally, name, body) {
  return tally.check(`${front}, oidc-provider: ${name}`, body);
}

// A key and a certificate of nobody's, for a day.
async function certificate() {
  const { stdout } = await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-keyout', '-', '-out', '-',
    '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
  ]);
  return { key: stdout, cert: stdout };
}
