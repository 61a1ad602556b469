// When something goes wrong on the way: the advice of each page is followed to its end, and two clicks are one person.

import { request as ask } from 'node:http';
import { Example, Watch, elsewhere, inAFreshContext } from './example.mjs';
import { consentWithoutABrowser, deadLink, decide, go, heading, resultPage, whatToDo } from './person.mjs';
import { is } from './tally.mjs';

const NO_COOKIES = 'This browser keeps no cookies for this site';

// What happens, the page on which it ends, and how its advice begins. All of them say: open the link again.
const WAYS = [
  ['the cookie is lost at the application', 'invalid_state', async ({ page }) => {
    await page.context().clearCookies();
    await decide(page, 'Allow');
  }, 'Open your original link again'],
  ['Cancel, and the cookie is lost', 'access_denied', async ({ page }) => {
    await page.context().clearCookies();
    await decide(page, 'Cancel');
  }, 'If this was a mistake, open your original link again'],
  ['nothing but the state comes back, and the cookie is lost', 'invalid_request', async ({ page, example }) => {
    const state = new URL(page.url()).searchParams.get('state');
    await page.context().clearCookies();
    await page.goto(`${example.redirectUri}?state=${state}`);
  }, 'Open your original link again'],
  ['AppFabric refuses the code', 'code_rejected', async ({ page, example }) => {
    await example.fault('ConnectAppAuthorization', { answer: { exception: { name: 'ValidationException' } } });
    await decide(page, 'Allow');
  }, 'Open your original link again'],
  ['AppFabric is throttled', 'temporarily_unavailable', async ({ page, example }) => {
    await example.fault('ConnectAppAuthorization', { answer: { exception: { name: 'ThrottlingException' } }, times: 3 });
    await decide(page, 'Allow');
  }, 'Wait a few minutes, then open your original link again'],
  ['the code comes back twice, the second time as another one with the same state', 'invalid_state', async ({ page, example }) => {
    await example.fault('ConnectAppAuthorization', { answer: { exception: { name: 'ValidationException' } } });
    await decide(page, 'Allow');
    await resultPage(page, 'failed', { reason: 'code_rejected' });
    await page.goBack();
    await decide(page, 'Allow');
    await page.waitForURL(/reason=invalid_state/);
  }, 'Open your original link again'],
];

export async function again(front, browser, tally) {
  const example = await Example.start(front);
  const watch = new Watch(example);
  const visit = (name, body, watched = watch) => tally.check(`${front}: ${name}`, () => inAFreshContext(browser, watched, {}, body));
  // From the link to the page that says connected, with one code.
  const connect = async (page, link) => {
    is((await page.goto(link)).status(), 200, 'the status of the connect page');
    const sent = example.sent();
    await go(page);
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  };

  for (const [name, reason, happens, advice] of WAYS) {
    await visit(`${name}: the page's advice works`, async (page) => {
      const link = await example.newLink();
      await page.goto(link);
      await go(page);
      await happens({ page, example });
      await resultPage(page, 'failed', { outcome: 'failed', reason });
      is((await whatToDo(page)).startsWith(advice), true, `whether the advice is to begin again (${await whatToDo(page)})`);
      await connect(page, link);
    });
  }

  await visit('a browser that keeps no cookies is told before it consents, and how to go on', async (page) => {
    const link = await example.newLink();
    const sent = example.sent();
    await page.goto(link);
    // What the page set never arrives at the next request.
    await page.context().clearCookies();
    const pressed = page.waitForResponse((answer) => answer.url() === link && answer.request().method() === 'POST');
    await page.getByRole('button', { name: 'Continue to EXAMPLE' }).click();
    is((await pressed).status(), 403, 'the status');
    is(await heading(page), NO_COOKIES, 'the heading');
    is((await whatToDo(page)).startsWith('Allow cookies for this site'), true, 'the advice');
    is(example.sent() - sent, 0, 'codes sent to AppFabric');
    await connect(page, link);
  });

  await visit('the link in a second browser: going on in the first one works', async (page) => {
    const link = await example.newLink();
    await page.goto(link);
    await go(page);
    await inAFreshContext(browser, watch, {}, (other) => deadLink(other, link, 410, 'The link is in use in another browser'));
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  for (const gap of [20, 100, 250, 500]) {
    for (const slow of [300, 800]) {
      await visit(`a second click ${gap} ms after the first, with a look of ${slow} ms, is the same person`, async (page) => {
        await page.goto(await example.newLink());
        await example.fault('GetAppAuthorization', { wait_after_reading_ms: slow, times: 2 });
        const { x, y, width, height } = await page.getByRole('button', { name: 'Continue to EXAMPLE' }).boundingBox();
        // As a hand does it, which waits for nothing.
        const click = () => page.mouse.click(x + width / 2, y + height / 2);
        await click();
        await new Promise((later) => { setTimeout(later, gap); });
        await click();
        await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
        await decide(page, 'Allow');
        await resultPage(page, 'connected', { outcome: 'connected' });
      });
    }
  }

  await visit('the second of two pages, asked for at the same time, comes after the button: still one person', async (page) => {
    const link = await example.newLink();
    const tab = await page.context().newPage();
    // The second request leaves before the first answer has brought a cookie, and is answered after the press.
    let answerNow;
    const pressed = new Promise((resolve) => { answerNow = resolve; });
    await tab.route(link, async (route) => {
      const answer = await route.fetch({ headers: { ...route.request().headers(), cookie: '' } });
      await pressed;
      await route.fulfill({ response: answer });
    });
    const second = tab.goto(link);
    await page.goto(link);
    await go(page);
    answerNow();
    await second;
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  await visit('the answer to the button is lost: the link works again at once', async (page) => {
    const link = await example.newLink();
    await page.goto(link);
    await page.route(link, async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      // The function answers, and the browser never hears of it; what Playwright fetches would leave a cookie there.
      const [cookie] = await page.context().cookies(link);
      const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'sec-fetch-site': 'same-origin' };
      is(await new Promise((status) => { ask(link, { method: 'POST', headers }, (answer) => status(answer.statusCode)).end(); }), 303, 'the status');
      return route.abort();
    });
    await page.getByRole('button', { name: 'Continue to EXAMPLE' }).click();
    await page.waitForURL('chrome-error://chromewebdata/');
    await page.unroute(link);
    await connect(page, link);
  }, null);

  await visit('a state that another browser was given proves nothing in this one, whoever owns the link by then', async (page) => {
    const link = await example.newLink();
    // The attacker presses first, keeps the open state, and gives the link up.
    let attackers;
    await inAFreshContext(browser, watch, {}, async (attacker) => {
      await attacker.goto(link);
      await go(attacker);
      attackers = await consentWithoutABrowser(attacker.url());
      await fetch(`${example.redirectUri}?error=access_denied&state=${new URL(attackers).searchParams.get('state')}`, { redirect: 'manual' });
    });
    await page.goto(link);
    await go(page);
    const own = await consentWithoutABrowser(page.url());
    const sent = example.sent();
    // A page of the attacker's sends the person's browser to the redirection endpoint; its Lax cookie goes along.
    await elsewhere('localhost', `<a href="${attackers.replaceAll('&', '&amp;')}">Win</a>`, async (trap) => {
      await page.goto(trap);
      const arrival = page.waitForRequest((request) => request.url() === attackers);
      await page.getByRole('link').click();
      is(/^appfabric-connect-/.test((await (await arrival).allHeaders()).cookie), true, 'whether the cookie goes along');
      await resultPage(page, 'failed', { outcome: 'failed', reason: 'invalid_state' });
    });
    is(example.sent() - sent, 0, 'codes sent to AppFabric');
    await page.goto(own);
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  }, null);

  await tally.check(`${front}: no page complains on the console when something goes wrong`, () => is(watch.complaints, [], 'console and page errors'));
  example.kill();
}
