// What does not depend on the front: sizes, colours, pictures and axe.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Example, SCREENSHOTS, Watch, elsewhere, inAFreshContext } from './example.mjs';
import { gatewayPages } from './gateway.mjs';
import { PAGES, PICTURED } from './pages.mjs';
import { decide, go, overflowing, resultPage } from './person.mjs';
import { is } from './tally.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export async function looks(front, browser, tally) {
  const example = await Example.start(front);
  const watch = new Watch(example);
  const gateway = await gatewayPages();
  const places = [
    ...PAGES.map(([name, address]) => [name, (page) => page.goto(example.gateway + address)]),
    ...await links(example, browser),
    ...gateway.map(([name, address]) => [name, (page) => page.goto(address)]),
  ];
  const pictured = places.filter(([name]) => PICTURED.includes(name) || name === 'gateway-integration_timeout');
  is(pictured.length, PICTURED.length + Math.min(gateway.length, 1), 'pages to take pictures of');
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [320, 1280]) {
      const settings = { colorScheme, viewport: { width, height: 720 } };
      await tally.check(`every page fits ${width} px, ${colorScheme}`, () => inAFreshContext(browser, watch, settings, async (page) => {
        for (const [name, open] of places) {
          await open(page);
          is(await overflowing(page), [], `what is wider than the window on ${name}`);
        }
      }));
      await tally.check(`pictures at ${width} px, ${colorScheme}`, () => inAFreshContext(browser, watch, settings, async (page) => {
        for (const [name, open] of pictured) {
          await open(page);
          await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        }
      }));
      // The policy of the pages keeps axe out; only here it is set aside.
      await tally.check(`axe finds nothing at ${width} px, ${colorScheme}`, () =>
        inAFreshContext(browser, null, { ...settings, bypassCSP: true }, async (page) => {
          for (const [name, open] of places) {
            await open(page);
            await page.addScriptTag({ path: AXE });
            const { violations, passes } = await page.evaluate(() => axe.run());
            is(passes.length > 0, true, `whether axe looked at ${name}`);
            is(violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target).join(', ')}`), [], `violations on ${name}`);
          }
        }));
    }
  }
  await tally.check('no page complains about its own style', () => is(watch.complaints, [], 'console and page errors'));
  example.kill();
}

// The pages behind connect links: each with how to come there.
async function links(example, browser) {
  const [fresh, begun, finished] = [await example.newLink(), await example.newLink(), await example.newLink()];
  await inAFreshContext(browser, null, {}, async (page) => {
    for (const link of [begun, finished]) {
      await page.goto(link);
      await go(page);
    }
    await decide(page, 'Allow');
    await resultPage(page, 'connected', { outcome: 'connected' });
  });
  const pressElsewhere = (page) => elsewhere('127.0.0.1', `<form method="post" action="${fresh}"><button>Win</button></form>`, async (trap) => {
    await page.goto(trap);
    await page.getByRole('button').click();
    await page.waitForURL(fresh);
  });
  return [
    ['connect', (page) => page.goto(fresh)],
    ['link-in-use', (page) => page.goto(begun)],
    ['link-finished', (page) => page.goto(finished)],
    ['link-foreign', pressElsewhere],
  ];
}
