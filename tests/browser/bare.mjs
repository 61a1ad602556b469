// The bare callback, `--state off`: a link with the application's own address, and no state.

import { prefetch, prefetched } from './ahead.mjs';
import { Example, Watch, elsewhere, inAFreshContext } from './example.mjs';
import { PAGES } from './pages.mjs';
import { consentWithoutABrowser, decide, heading, noTrap, resultPage, tabUntil, whatToDo } from './person.mjs';
import { is } from './tally.mjs';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// What a person can do with a link, whose codes live long enough.
export async function aPersonsWays(front, browser, tally) {
  const example = await Example.start(front, ['--state', 'off']);
  const watch = new Watch(example);
  const check = (name, body) => tally.check(`${front}, off: ${name}`, body);
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
    is(query.get('connection'), example.connection, 'the connection');
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
    is(advice, 'If this was a mistake, open your original link again and allow access.', 'the advice');
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
    const callback = await consentWithoutABrowser(example.link);
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
    const callback = await consentWithoutABrowser(example.link);
    const sent = example.sent();
    // A page that links to the redirection endpoint and has the browser run ahead.
    const html = `${prefetch(callback)}<a href="${callback}">Continue</a>`;
    await elsewhere('127.0.0.1', html, async (ahead) => {
      const answer = await prefetched(page, callback, ahead);
      is((await answer.request().allHeaders())['sec-purpose'], 'prefetch', "Chromium's Sec-Purpose");
      is(answer.status(), 204, 'the status of the prefetch');
      is(example.sent() - sent, 0, 'codes that the prefetch sent to AppFabric');
      await page.getByRole('link').click();
      await resultPage(page, 'connected', { outcome: 'connected' });
      is(example.sent() - sent, 1, 'codes sent to AppFabric');
    });
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
    const refused = page.evaluate(() => new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (violation) => resolve(violation.effectiveDirective));
      const image = new Image();
      // The event may come a moment later.
      image.onload = image.onerror = () => setTimeout(() => resolve('nothing'), 1_000);
      image.src = '/an-image';
      document.body.append(image);
    }));
    const [by] = await Promise.all([refused, page.waitForEvent('console', (message) => message.type() === 'error')]);
    is(by, 'img-src', 'what refuses an image');
    is(provoked.complaints.length > 0, true, 'whether a complaint is seen');
  }));

  await check('nothing is requested from anywhere else', () => {
    is(watch.requests > 0, true, 'whether requests were seen');
    is(watch.foreign, [], 'foreign requests');
  });
  await check('no page complains on the console', () => is(watch.complaints, [], 'console and page errors'));
  await check('no code is in what the example prints', () => {
    const codes = watch.callbacks.map((url) => new URL(url).searchParams.get('code')).filter(Boolean);
    is(codes.length > 0, true, 'whether codes were seen');
    is(watch.leaked(), [], 'codes in the output');
  });
  await check('Ctrl-C ends it cleanly, with a browser still there', () => inAFreshContext(browser, null, {}, async (page) => {
    await page.goto(example.gateway + PAGES[0][1]);
    is(await example.interrupt(), 0, 'the exit code');
  }));
  example.kill();
}

// An application whose every code comes too late.
export async function tooLate(front, browser, tally) {
  const example = await Example.start(front, ['--state', 'off', '--code-lifetime', '0']);
  const watch = new Watch(example);
  await tally.check(`${front}, off: a code that has expired ends on the page that says rejected`, () =>
    inAFreshContext(browser, watch, {}, async (page) => {
      await page.goto(example.link);
      await decide(page, 'Allow');
      await resultPage(page, 'failed', { outcome: 'failed', reason: 'code_rejected' });
      is(await heading(page), 'Your approval could not be used', 'the heading');
      is((await whatToDo(page)).startsWith('Open your original link again'), true, 'whether it says to start again');
      is(watch.foreign, [], 'foreign requests');
      is(watch.complaints, [], 'console and page errors');
    }));
  await tally.check(`${front}, off: Ctrl-C ends that one cleanly too`, async () => is(await example.interrupt(), 0, 'the exit code'));
  example.kill();
}
