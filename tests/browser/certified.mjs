// A person's journeys with `oidc-provider` for the application: login, consent, and what must not spend or lose a code.
//
// A stage is where the function is: behind the local gateway, or behind the real `sam local start-api`.

import { WAYS, runAhead } from './ahead.mjs';
import { Watch, inAFreshContext } from './example.mjs';
import { cancel, consent, consentWithoutDelivery, signIn } from './oidc.mjs';
import { deadLink, heading, resultPage } from './person.mjs';
import { is } from './tally.mjs';

const IN_USE = 'The link is in use in another browser';

// Answers what the provider has counted. stage: name, oidc, gateway, application, connection, newLink(), sent().
export async function certified(stage, browser, tally) {
  const { oidc } = stage;
  const watch = new Watch(stage);
  const check = (name, body) => tally.check(`${stage.name}, oidc-provider: ${name}`, body);
  // Does something in a browser of nobody, and compares how many codes AppFabric and the provider were given.
  const visit = (name, codes, body, watched = watch) => check(name, () => inAFreshContext(browser, watched, {}, async (page) => {
    await onLoopback(page);
    const before = [await stage.sent(), oidc.redeemed.length, oidc.refused.length];
    await body(page);
    const after = [await stage.sent(), oidc.redeemed.length, oidc.refused.length];
    const { sent, redeemed, refused } = { sent: 0, redeemed: codes.sent ?? 0, refused: 0, ...codes };
    is(after.map((count, at) => count - before[at]), [sent, redeemed, refused], 'codes sent, redeemed and refused');
  }));
  const begin = async (page, link) => {
    await page.goto(link ?? await stage.newLink());
    await go(page);
  };
  const connected = (page) => resultPage(page, 'connected', { outcome: 'connected', connection: stage.connection });

  await visit('login and consent end on connected', { sent: 1 }, async (page) => {
    const link = await stage.newLink();
    const opened = await page.goto(link);
    is(opened.status(), 200, 'the status of the connect page');
    is(await heading(page), 'Connect EXAMPLE', 'the heading');
    const [name, value, attributes] = setCookie(await opened.headersArray());
    const pressed = page.waitForResponse((answer) => answer.url() === link && answer.request().method() === 'POST');
    await go(page);
    const { origin, searchParams: asked } = new URL((await (await pressed).allHeaders()).location);
    is([origin, asked.get('redirect_uri')], [oidc.origin, oidc.redirectUri], 'where the button leads, and the redirect URI');
    is(/^appfabric-connect-[0-9a-f]{16}-[0-9a-f]{8}$/.test(name), true, `whether the name is a plain one (${name})`);
    is(/^[0-9a-f]{64}$/.test(value), true, 'whether the value has 256 bits');
    is(attributes.filter((attribute) => !attribute.startsWith('Max-Age=')), ['HttpOnly', 'Path=/', 'SameSite=Lax'], 'attributes of the cookie');

    const arrival = page.waitForRequest((request) => request.url().startsWith(oidc.redirectUri));
    await signIn(page);
    await consent(page);
    const callback = await arrival;
    is((await callback.allHeaders()).cookie, `${name}=${value}`, 'the cookie at the redirection endpoint');
    const query = new URL(callback.url()).searchParams;
    is([query.get('iss'), query.get('state')], [oidc.origin, asked.get('state')], 'issuer (RFC 9207) and state');
    const result = await connected(page);
    is([...result.keys()], ['outcome', 'connection', 'reference'], 'what is in the address');
    const redeemed = oidc.redeemed.at(-1);
    is([redeemed.code, redeemed.redirectUri], [query.get('code'), oidc.redirectUri], 'what the provider was given');
    is(await oidc.active(redeemed.token), true, 'whether the token is valid');
  });

  await visit('Cancel at consent spends nothing, and the link works again', { sent: 1 }, async (page) => {
    const link = await stage.newLink();
    await begin(page, link);
    await signIn(page);
    await cancel(page);
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'access_denied' });
    await begin(page, link);
    await signIn(page);
    await consent(page);
    await connected(page);
  });

  await visit('Cancel at login spends nothing', {}, async (page) => {
    await begin(page);
    await cancel(page);
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'access_denied' });
  });

  await visit('a code that came too late is rejected, and the link works again', { sent: 2, redeemed: 1, refused: 1 }, async (page) => {
    const link = await stage.newLink();
    await begin(page, link);
    await signIn(page);
    oidc.codeLifetime = 1;
    const callback = await consentWithoutDelivery(page).finally(() => { oidc.codeLifetime = 60; });
    // Longer than the code lives.
    await page.waitForTimeout(1_500);
    await page.goto(callback);
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'code_rejected' });
    is(oidc.refused.at(-1).startsWith('invalid_grant'), true, `whether the provider refused the code (${oidc.refused.at(-1)})`);
    await begin(page, link);
    await signIn(page);
    await consent(page);
    await connected(page);
  });

  await visit('who leaves the consent page for too long begins anew with the same link', { sent: 1 }, async (page) => {
    const link = await stage.newLink();
    await begin(page, link);
    oidc.patience = 1;
    await signIn(page).finally(() => { oidc.patience = 600; });
    // Longer than the code lives, and than a `Connected` counts as news, which the journey before has left.
    await page.waitForTimeout(6_000);
    await consent(page);
    await page.getByText('invalid_request').first().waitFor();
    is(new URL(page.url()).origin, oidc.origin, 'who says so');
    await begin(page, link);
    await signIn(page);
    await consent(page);
    await connected(page);
  });

  await visit('who comes back without the cookie spends nothing, and the same link works at once', { sent: 1 }, async (page) => {
    const link = await stage.newLink();
    await begin(page, link);
    await signIn(page);
    await page.context().clearCookies({ name: /^appfabric-connect-/ });
    await consent(page);
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'invalid_state' });
    await begin(page, link);
    await signIn(page);
    await consent(page);
    await connected(page);
  });

  await visit('back, forward and reload after success spend nothing', { sent: 1 }, async (page) => {
    await begin(page);
    await signIn(page);
    await consent(page);
    await connected(page);
    const callbacks = watch.callbacks.length;
    await page.reload();
    await connected(page);
    await page.goBack();
    is(new URL(page.url()).origin, oidc.origin, 'the page before');
    await page.goForward();
    await connected(page);
    is(watch.callbacks.length, callbacks, 'requests at the redirection endpoint');
  });

  await visit('a double click on our button is one flow', { sent: 1 }, async (page) => {
    await page.goto(await stage.newLink());
    await page.getByRole('button', { name: 'Continue to EXAMPLE', exact: true }).dblclick();
    await signIn(page);
    await consent(page);
    await connected(page);
  });

  await visit('two tabs of one flow: the first to come back finishes it, and its token stays valid', { sent: 1 }, async (page) => {
    const link = await stage.newLink();
    const tab = await page.context().newPage();
    await onLoopback(tab);
    for (const each of [page, tab]) await each.goto(link);
    for (const each of [page, tab]) await go(each);
    for (const each of [page, tab]) await signIn(each);
    await consent(tab);
    await connected(tab);
    await consent(page);
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'link_used' });
    is(await oidc.active(oidc.redeemed.at(-1).token), true, 'whether the token is valid');
  });

  await visit('two flows at once in one browser, finished in the other order', { sent: 2 }, async (page) => {
    const tab = await page.context().newPage();
    await onLoopback(tab);
    for (const each of [page, tab]) {
      await begin(each);
      await signIn(each);
    }
    for (const each of [tab, page]) {
      await consent(each);
      await connected(each);
    }
    const tokens = oidc.redeemed.slice(-2).map(({ token }) => oidc.active(token));
    is(await Promise.all(tokens), [true, true], 'whether the tokens are valid');
  });

  await visit('a second profile gets nowhere with a stolen link, nor with a stolen callback', { sent: 1 }, async (page) => {
    const link = await stage.newLink();
    await begin(page, link);
    await signIn(page);
    const callback = await consentWithoutDelivery(page);
    await inAFreshContext(browser, watch, {}, async (thief) => {
      await deadLink(thief, link, 410, IN_USE);
      await thief.goto(callback);
      await resultPage(thief, 'failed', { outcome: 'failed', reason: 'invalid_state' });
    });
    await page.goto(callback);
    await connected(page);
  });

  // What a speculation rule has fetched, Chromium takes for the answer to a click on that page if it is any 2xx.
  for (const way of WAYS) {
    await visit(`${way.name} spends nothing, and leaves the code to the person`, { sent: 1 }, async (page) => {
      await begin(page);
      await signIn(page);
      const callback = await consentWithoutDelivery(page);
      await runAhead(stage, way, callback, await page.context().cookies(callback));
    }, null);
  }

  await visit('a fragment on the way in does not survive', { sent: 1 }, async (page) => {
    await begin(page);
    await signIn(page);
    await page.goto(`${await consentWithoutDelivery(page)}#a-fragment`);
    await connected(page);
    is((await page.content()).includes('a-fragment'), false, 'whether the fragment is on the page');
  });

  await visit('the same callback again and again leaves the first tokens valid', { sent: 1 }, async (page) => {
    await begin(page);
    await signIn(page);
    await consent(page);
    await connected(page);
    const { code, token } = oidc.redeemed.at(-1);
    const callback = watch.callbacks.findLast((url) => new URL(url).searchParams.get('code') === code);
    for (const again of [callback, `${callback}&scanned=1`]) {
      await page.goto(again);
      await connected(page);
    }
    await inAFreshContext(browser, watch, {}, async (other) => {
      await other.goto(callback);
      await resultPage(other, 'failed', { outcome: 'failed', reason: 'invalid_state' });
    });
    is(await oidc.active(token), true, 'whether the token is valid');
  });

  // What the function keeps people from: without it, the check above could not fail.
  await visit('a code sent twice to the provider itself revokes what it bought', { redeemed: 1, refused: 1 }, async (page) => {
    await begin(page);
    await signIn(page);
    const code = new URL(await consentWithoutDelivery(page)).searchParams.get('code');
    const { access_token: token } = await (await oidc.redeem(code)).json();
    is(await oidc.active(token), true, 'whether the token is valid at first');
    is((await oidc.redeem(code)).status, 400, 'the status of the second');
    is(await oidc.active(token), false, 'whether the token is valid afterwards');
  });

  await visit('the provider takes no redirect URI but the registered one', { refused: 1 }, async (page) => {
    await begin(page);
    await signIn(page);
    const code = new URL(await consentWithoutDelivery(page)).searchParams.get('code');
    is((await oidc.redeem(code, `${oidc.redirectUri}/`)).status, 400, 'the status of a code with another');
    is(oidc.refused.at(-1), 'invalid_grant: authorization code redirect_uri mismatch', 'why');
    const link = `${oidc.origin}/auth?${new URLSearchParams({ client_id: 'appfabric', response_type: 'code', scope: 'openid', redirect_uri: `${oidc.redirectUri}/` })}`;
    is((await page.goto(link)).status(), 400, 'the status of a link with another');
    is(new URL(page.url()).origin, oidc.origin, 'where the browser stays');
  });

  await check('our pages request nothing from anywhere else', () => {
    is(watch.requests > 100, true, `whether requests were seen (${watch.requests})`);
    is(watch.foreign, [], 'foreign requests');
  });
  await check('no page of ours complains on the console', () => is(watch.complaints, [], 'console and page errors'));
  await check('no link, state, code or cookie is in what is printed', () => {
    is(watch.secrets.size > 40, true, `whether secrets were seen (${watch.secrets.size})`);
    is(watch.leaked(), [], 'secrets in the output');
  });
  await check('the provider had no error of its own', () => is(oidc.failures, [], 'errors'));
  return `oidc-provider redeemed ${oidc.redeemed.length} codes and refused ${oidc.refused.length}`;
}

// Presses the connect page's button and waits for the provider's page.
export async function go(page) {
  await page.getByRole('button', { name: 'Continue to EXAMPLE', exact: true }).click();
  await page.getByRole('heading', { name: /^(Sign-in|Authorize)$/ }).waitFor();
}

// The provider's pages want a font from the network: the browser stays on this machine.
export function onLoopback(page) {
  return page.route((url) => !['localhost', '127.0.0.1'].includes(url.hostname), (route) => route.abort());
}

// Name, value and sorted attributes of the only cookie that an answer sets.
export function setCookie(headers) {
  const [cookie, ...more] = headers.filter(({ name }) => name.toLowerCase() === 'set-cookie').map(({ value }) => value);
  is(more.length, 0, 'more cookies');
  const [pair, ...attributes] = cookie.split('; ');
  return [...pair.split('='), attributes.sort()];
}
