// The connect link, `--state enforce`: the person who was asked, in the browser in which they began, and nobody else.

import { prefetch, prefetched } from './ahead.mjs';
import { Example, Watch, elsewhere, inAFreshContext } from './example.mjs';
import { PAGES, UNKNOWN_LINK } from './pages.mjs';
import { consentWithoutABrowser, deadLink, decide, go, heading, noTrap, resultPage, tabUntil, whatToDo } from './person.mjs';
import { is } from './tally.mjs';

const IN_USE = 'The link is in use in another browser';
const USED = 'Already connected';

// What a person, and somebody who is not that person, can do with connect links.
export async function aFlow(front, browser, tally) {
  // The log is looked at, too, for what nobody may print.
  const example = await Example.start(front, ['--log']);
  const watch = new Watch(example);
  const check = (name, body) => tally.check(`${front}: ${name}`, body);
  const visit = (name, body) => check(name, () => inAFreshContext(browser, watch, {}, body));
  const visitUnwatched = (name, body) => check(name, () => inAFreshContext(browser, null, {}, body));
  // A second browser, with cookies of its own.
  const inAnother = (body) => inAFreshContext(browser, watch, {}, body);
  const cookies = (page) => page.context().cookies();

  await visit('the link leads to the application on another site, and back to the page that says connected', async (page) => {
    is(new URL(example.gateway).hostname, '127.0.0.1', 'the host of the function');
    is(new URL(example.application).hostname, 'localhost', 'the host of the application');
    const sent = example.sent();
    const opened = await page.goto(example.link);
    is(opened.status(), 200, 'the status of the connect page');
    is(await heading(page), 'Connect EXAMPLE', 'the heading');
    const [given] = await cookies(page);
    const [asked] = await Promise.all([page.waitForRequest((request) => request.url().startsWith(example.application)), go(page)]);
    is(new URL(page.url()).origin, example.application, 'where the button leads');
    is((await asked.allHeaders()).referer, undefined, 'Referer at the application');
    is(await page.evaluate(() => document.referrer), '', 'document.referrer at the application');

    const [cookie, ...more] = await cookies(page);
    is(more.length, 0, 'more cookies');
    is(cookie.value, given.value, 'the cookie that the page gave');
    is(/^appfabric-connect-[0-9a-f]{16}-[0-9a-f]{8}$/.test(cookie.name), true, `whether the name is a plain one (${cookie.name})`);
    is(/^[0-9a-f]{64}$/.test(cookie.value), true, 'whether the value has 256 bits');
    is([cookie.domain, cookie.path], ['127.0.0.1', '/'], 'domain and path of the cookie');
    is([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, false, 'Lax'], 'HttpOnly, Secure, SameSite');
    const lives = cookie.expires - Date.now() / 1000;
    is(lives > 3540 && lives <= 3600, true, `whether the cookie lives as long as the link (${lives} s)`);

    const atCallback = (request) => request.url().startsWith(example.redirectUri);
    const [callback] = await Promise.all([page.waitForRequest(atCallback), decide(page, 'Allow')]);
    const query = await resultPage(page, 'connected', { outcome: 'connected' });
    const arrived = await callback.allHeaders();
    is(arrived.cookie, `${cookie.name}=${cookie.value}`, 'the cookie at the redirection endpoint');
    is(arrived['sec-fetch-site'], 'cross-site', 'Sec-Fetch-Site at the redirection endpoint');
    is(await heading(page), 'The application is connected', 'the heading');
    is([...query.keys()], ['outcome', 'connection', 'reference'], 'what is in the address');
    is(query.get('connection'), example.connection, 'the connection');
    is(await page.evaluate(() => document.referrer), '', 'document.referrer');
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
    is((await cookies(page)).length, 1, 'cookies afterwards');
  });

  await visit('opening a link changes nothing, however often and wherever', async (page) => {
    const link = await example.newLink();
    const given = [];
    for (const _ of ['first', 'second']) {
      is((await page.goto(link)).status(), 200, 'the status of the connect page');
      given.push(...await cookies(page));
    }
    is([given.length, given[0].value === given[1].value], [2, true], 'the cookie, each time');
    is((await page.request.head(link)).status(), 200, 'the status of a HEAD');
    await inAnother(async (other) => {
      is((await other.goto(link)).status(), 200, 'the status in another browser');
      await connect(example, other, link);
    });
  });

  await visitUnwatched('a prefetch of a link changes nothing', async (page) => {
    const link = await example.newLink();
    await elsewhere('localhost', `${prefetch(link)}<a href="${link}">Connect</a>`, async (ahead) => {
      const answer = await prefetched(page, link, ahead);
      is((await answer.request().allHeaders())['sec-purpose'], 'prefetch', "Chromium's Sec-Purpose");
      is(answer.status(), 204, 'the status of the prefetch');
      is(await cookies(page), [], 'cookies');
      await page.getByRole('link').click();
      await page.waitForURL(link);
      await connect(example, page);
    });
  });

  await visit('after Cancel the same link works again', async (page) => {
    const link = await example.newLink();
    const sent = example.sent();
    const states = [];
    await page.goto(link);
    await go(page);
    states.push(new URL(page.url()).searchParams.get('state'));
    const [before] = await cookies(page);
    await decide(page, 'Cancel');
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'access_denied' });
    is(await whatToDo(page), 'If this was a mistake, open your original link again and allow access.', 'the advice');
    is(example.sent() - sent, 0, 'codes sent to AppFabric');

    is((await page.goto(link)).status(), 200, 'the status of the connect page');
    await go(page);
    states.push(new URL(page.url()).searchParams.get('state'));
    is(states[0] === states[1], false, 'whether both presses have the same state');
    const [after] = await cookies(page);
    is([after.name, after.value], [before.name, before.value], 'the cookie after the second press');
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  });

  await visit('back, forward and reload after success spend nothing, nor does Allow once more', async (page) => {
    const link = await example.newLink();
    const sent = example.sent();
    await page.goto(link);
    await go(page);
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
    const spent = watch.callbacks.length;
    await page.reload();
    await resultPage(page, 'connected', { outcome: 'connected' });
    await page.goBack();
    is(new URL(page.url()).pathname, '/authorize', 'the page before');
    await page.goBack();
    is(page.url(), link, 'the page before that');
    is(await heading(page), USED, 'the heading');
    await page.goForward();
    await page.goForward();
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(watch.callbacks.length, spent, 'requests at the redirection endpoint');
    await page.goBack();
    await decide(page, 'Allow');
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'link_used' });
    is(watch.callbacks.length, spent + 1, 'requests at the redirection endpoint');
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  });

  await visit('a finished link says so, to everybody', async (page) => {
    const link = await example.newLink();
    await page.goto(link);
    await connect(example, page);
    await deadLink(page, link, 410, USED);
    await inAnother((other) => deadLink(other, link, 410, USED));
  });

  await visit('a link that nobody made leads nowhere', async (page) => {
    await deadLink(page, example.gateway + UNKNOWN_LINK, 404, 'We don’t know this link');
    await deadLink(page, `${example.gateway}/connect/short`, 404, 'We don’t know this link');
  });

  await visit('the same callback again ends on the same answer and sends nothing', async (page) => {
    await page.goto(await example.newLink());
    await connect(example, page);
    const sent = example.sent();
    for (const again of [watch.callbacks.at(-1), `${watch.callbacks.at(-1)}&scanned=1`]) {
      await page.goto(again);
      await resultPage(page, 'connected', { outcome: 'connected' });
    }
    is(example.sent() - sent, 0, 'codes sent to AppFabric');
  });

  await visit('the same callback from another browser is refused, before the right one and after it', async (page) => {
    await page.goto(await example.newLink());
    await go(page);
    const callback = await consentWithoutABrowser(page.url());
    const sent = example.sent();
    const refused = () => inAnother(async (other) => {
      await other.goto(callback);
      const query = await resultPage(other, 'failed', { outcome: 'failed', reason: 'invalid_state' });
      is(query.get('connection'), example.connection, 'the connection');
      is(await heading(other), 'Your approval could not be matched', 'the heading');
    });
    await refused();
    is(example.sent() - sent, 0, 'codes that another browser sent to AppFabric');
    await page.goto(callback);
    await resultPage(page, 'connected', { outcome: 'connected' });
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
    await refused();
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  });

  await visit("another browser's own flow does not help it", async (page) => {
    await page.goto(await example.newLink());
    await go(page);
    const callback = await consentWithoutABrowser(page.url());
    await inAnother(async (other) => {
      await other.goto(await example.newLink());
      await go(other);
      const sent = example.sent();
      await other.goto(callback);
      await resultPage(other, 'failed', { outcome: 'failed', reason: 'invalid_state' });
      is(example.sent() - sent, 0, 'codes sent to AppFabric');
    });
  });

  await visit('a callback that no link began is refused', async (page) => {
    const link = new URL(`${example.application}/authorize`);
    link.search = new URLSearchParams({ response_type: 'code', client_id: 'appfabric', redirect_uri: example.redirectUri });
    for (const state of [undefined, '', 'guessed', '0'.repeat(128)]) {
      if (state !== undefined) link.searchParams.set('state', state);
      const sent = example.sent();
      await page.goto(link.href);
      await decide(page, 'Allow');
      await resultPage(page, 'failed', { outcome: 'failed', reason: 'invalid_state' });
      is(example.sent() - sent, 0, `codes sent to AppFabric with the state ${state}`);
    }
  });

  await visit('a stolen link is of no use once its owner has begun', async (page) => {
    const link = await example.newLink();
    await inAnother(async (thief) => {
      // The thief has the page open before the owner presses the button, and tries both ways.
      await thief.goto(link);
      await page.goto(link);
      await go(page);
      await decide(thief, 'Continue to EXAMPLE');
      await thief.getByRole('heading', { name: IN_USE }).waitFor();
      await deadLink(thief, link, 410, IN_USE);
    });
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  await visit('two tabs of one flow: the first to come back finishes it', async (page) => {
    const link = await example.newLink();
    const tab = await page.context().newPage();
    for (const each of [page, tab]) await each.goto(link);
    for (const each of [page, tab]) await go(each);
    is((await cookies(page)).length, 1, 'cookies');
    const sent = example.sent();
    await decide(tab, 'Allow');
    await resultPage(tab, 'connected', { outcome: 'connected' });
    await decide(page, 'Allow');
    await resultPage(page, 'failed', { outcome: 'failed', reason: 'link_used' });
    is(await heading(page), 'The application is already connected', 'the heading');
    is(await page.locator('body').getAttribute('class'), 'connected', 'the sign');
    is(example.sent() - sent, 1, 'codes sent to AppFabric');
  });

  await visit('two tabs of one flow: Cancel in one leaves the other alone', async (page) => {
    const link = await example.newLink();
    const tab = await page.context().newPage();
    for (const each of [page, tab]) await each.goto(link);
    for (const each of [page, tab]) await go(each);
    await decide(tab, 'Cancel');
    await resultPage(tab, 'failed', { outcome: 'failed', reason: 'access_denied' });
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  await visit('two flows at once in one browser, finished in the other order', async (page) => {
    const tab = await page.context().newPage();
    for (const each of [page, tab]) {
      await each.goto(await example.newLink());
      await go(each);
    }
    is(new Set((await cookies(page)).map(({ name }) => name)).size, 2, 'cookies');
    const sent = example.sent();
    for (const each of [tab, page]) {
      await decide(each, 'Allow');
      await resultPage(each, 'connected', { outcome: 'connected' });
    }
    is(example.sent() - sent, 2, 'codes sent to AppFabric');
  });

  await visit('a double click on the button is one click', async (page) => {
    await page.goto(await example.newLink());
    await example.fault('GetAppAuthorization', { wait_after_reading_ms: 500 });
    await page.getByRole('button', { name: 'Continue to EXAMPLE' }).dblclick();
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  await visitUnwatched('while AppFabric is busy a link says so, and works afterwards', async (page) => {
    const link = await example.newLink();
    const busy = { answer: { exception: { name: 'InternalServerException' } }, times: 3 };
    await example.fault('GetAppAuthorization', busy);
    await deadLink(page, link, 503, 'This page is not available right now');
    await page.goto(link);
    await example.fault('GetAppAuthorization', busy);
    await decide(page, 'Continue to EXAMPLE');
    await page.getByRole('heading', { name: 'This page is not available right now' }).waitFor();
    await page.goto(link);
    await connect(example, page);
  });

  for (const [host, relation] of [['localhost', 'cross-site'], ['127.0.0.1', 'same-site']]) {
    await visitUnwatched(`a form on a ${relation} page cannot press the button`, async (page) => {
      const link = await example.newLink();
      await elsewhere(host, `<form method="post" action="${link}"><button>Win</button></form>`, async (trap) => {
        await page.goto(trap);
        const [pressed] = await Promise.all([page.waitForResponse(link), page.getByRole('button', { name: 'Win' }).click()]);
        is((await pressed.request().allHeaders())['sec-fetch-site'], relation, 'Sec-Fetch-Site');
        is(pressed.status(), 403, 'the status');
        is(await heading(page), 'This did not come from our page', 'the heading');
        is(await cookies(page), [], 'cookies');
      });
      await page.goto(link);
      await connect(example, page);
    });
  }

  await visitUnwatched('no page of somebody else can frame the button', async (page) => {
    const link = await example.newLink();
    await elsewhere('localhost', `<iframe src="${link}" title="trap"></iframe>`, async (trap) => {
      await Promise.all([page.waitForResponse(link), page.goto(trap)]);
      is(await page.frameLocator('iframe').getByRole('button').count(), 0, 'buttons in the frame');
    });
  });

  await check('the page works without script', () => inAFreshContext(browser, watch, { javaScriptEnabled: false }, async (page) => {
    await page.goto(await example.newLink());
    await go(page);
    await decide(page, 'Allow');
    await page.getByRole('heading', { name: 'The application is connected' }).waitFor();
  }));

  await visit('the keyboard alone is enough', async (page) => {
    await page.goto(await example.newLink());
    is(await tabUntil(page, 'Continue to EXAMPLE'), ['Continue to EXAMPLE'], 'what Tab reaches');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    is(outline, 'solid', 'the outline of what has the focus');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await tabUntil(page, 'Cancel');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });

  await visit('no page traps Tab', async (page) => {
    await page.goto(await example.newLink());
    await noTrap(page, 'the connect page');
  });

  await check('only a signed request makes a link', async () => {
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      const answer = await example.postFlows(headers);
      is(answer.status, 403, 'the status');
      is(answer.headers.get('content-type'), 'application/problem+json', 'the type');
    }
  });
  await check('nothing is requested from anywhere else', () => {
    is(watch.requests > 0, true, 'whether requests were seen');
    is(watch.foreign, [], 'foreign requests');
  });
  await check('no page complains on the console', () => is(watch.complaints, [], 'console and page errors'));
  await check('no other link, state, code or cookie is in what the example prints', () => {
    is(watch.secrets.size > 20, true, `whether secrets were seen (${watch.secrets.size})`);
    is(watch.leaked(), [], 'secrets in the output');
  });
  await check('Ctrl-C ends it cleanly, with a browser still there', () => inAFreshContext(browser, null, {}, async (page) => {
    await page.goto(example.gateway + PAGES[0][1]);
    is(await example.interrupt(), 0, 'the exit code');
  }));
  example.kill();
}

// A link whose code came too late is good for another try.
export async function aFlowTooLate(front, browser, tally) {
  const example = await Example.start(front, ['--code-lifetime', '0']);
  const watch = new Watch(example);
  await tally.check(`${front}: a code that has expired leaves the link usable`, () =>
    inAFreshContext(browser, watch, {}, async (page) => {
      for (const _ of ['first', 'second']) {
        is((await page.goto(example.link)).status(), 200, 'the status of the connect page');
        await go(page);
        await decide(page, 'Allow');
        await resultPage(page, 'failed', { outcome: 'failed', reason: 'code_rejected' });
      }
      is(example.sent(), 2, 'codes sent to AppFabric');
      is(watch.complaints, [], 'console and page errors');
    }));
  example.kill();
}

// `--state report`: a link works as it will, and a bare callback as it did.
export async function reported(front, browser, tally) {
  const example = await Example.start(front, ['--state', 'report']);
  const watch = new Watch(example);
  await tally.check(`${front}, report: a callback that no link began is let through, and a link works`, async () => {
    const bare = new URLSearchParams({ response_type: 'code', client_id: 'appfabric', redirect_uri: example.redirectUri });
    await inAFreshContext(browser, watch, {}, async (page) => {
      await page.goto(`${example.application}/authorize?${bare}`);
      await decide(page, 'Allow');
      await resultPage(page, 'connected', { outcome: 'connected' });
      is(example.sent(), 1, 'codes sent to AppFabric');
    });
    await inAFreshContext(browser, watch, {}, async (page) => {
      await page.goto(example.link);
      await connect(example, page);
    });
    is(watch.complaints, [], 'console and page errors');
  });
  example.kill();
}

// From the connect page to the page that says connected, with one code.
async function connect(example, page, link) {
  if (link) await page.goto(link);
  const sent = example.sent();
  await go(page);
  await decide(page, 'Allow');
  await resultPage(page, 'connected', { outcome: 'connected' });
  is(example.sent() - sent, 1, 'codes sent to AppFabric');
}
