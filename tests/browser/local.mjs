// The local example as a person meets it: in Debian's Chromium, behind each of the three fronts.
//
// Run it with Node 20 or later and `/usr/bin/chromium` (Debian: apt install chromium), from the top of the repository:
//
//     cargo build --package local
//     npm ci --prefix tests/browser
//     node tests/browser/local.mjs
//
// CHROMIUM     another browser binary
// LOCAL        another example binary; default target/debug/local
// SCREENSHOTS  where the pictures go; default target/screenshots
// FRONTS       behind which fronts; default rest,http,function-url
//
// One line for each check, then the count. The exit code is 1 if one of them failed. A check that rests on what a browser may
// do or leave is skipped where it leaves it, and says so.
//
// Read `flow.mjs` (connect links), then `again.mjs` (when something goes wrong), then `bare.mjs` (without them), then `looks.mjs`;
// `certified.mjs` and `outside.mjs` have `oidc-provider` for the application; `ahead.mjs` is a browser that runs ahead of the
// person. `example.mjs`, `person.mjs` and `oidc.mjs` are what they stand on.

import { chromium } from 'playwright-core';
import { again } from './again.mjs';
import { aPersonsWays, tooLate } from './bare.mjs';
import { certified } from './certified.mjs';
import { Example } from './example.mjs';
import { aFlow, aFlowTooLate, reported } from './flow.mjs';
import { looks } from './looks.mjs';
import { Oidc } from './oidc.mjs';
import { overTls, toAnotherTarget } from './outside.mjs';
import { Tally } from './tally.mjs';

const FRONTS = process.env.FRONTS?.split(',') ?? ['rest', 'http', 'function-url'];

const tally = new Tally();
const figures = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});
try {
  for (const front of FRONTS) {
    for (const scenarios of [aFlow, aFlowTooLate, reported, aPersonsWays, tooLate]) {
      // An example that does not start is one more failure, not the end.
      await scenarios(front, browser, tally).catch((error) => tally.check(`${front}: starts`, () => { throw error; }));
    }
  }
  // Whoever is in front is nothing to the application: one is enough.
  for (const scenarios of [again, journeys, toAnotherTarget, overTls]) {
    await scenarios(FRONTS[0], browser, tally).catch((error) => tally.check(scenarios.name, () => { throw error; }));
  }
  await looks(FRONTS[0], browser, tally).catch((error) => tally.check('looks', () => { throw error; }));
} finally {
  await browser.close();
}
console.log(tally.count);
console.log(`figures: ${figures.join('; ')}`);
// At once: an example that a failed scenario has left behind would keep this process waiting.
process.exit(tally.failed === 0 ? 0 : 1);

async function journeys(front, browser, tally) {
  const oidc = await Oidc.start();
  const example = await Example.start(front, oidc.options());
  oidc.register(example.redirectUri);
  example.oidc = oidc;
  example.name = front;
  figures.push(await certified(example, browser, tally));
  example.kill();
  oidc.stop();
}
