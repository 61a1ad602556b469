// What a person does and reads.

import { is } from './tally.mjs';

export async function decide(page, decision) {
  await page.getByRole('button', { name: decision, exact: true }).click();
}

// Presses the connect page's button and waits for the application's question.
export async function go(page) {
  await page.getByRole('button', { name: 'Continue to EXAMPLE', exact: true }).click();
  await page.getByRole('button', { name: 'Allow', exact: true }).waitFor();
}

// Waits for a result page and answers its query; the address holds the outcome and ends in `#_`.
export async function resultPage(page, name, expected) {
  await page.waitForURL((url) => ['/connected', '/pending', '/failed'].includes(url.pathname));
  const url = new URL(page.url());
  is(url.pathname, `/${name}`, `the page (${url.search})`);
  for (const [member, value] of Object.entries(expected)) {
    is(url.searchParams.get(member), value, member);
  }
  is(await page.evaluate(() => location.hash), '#_', 'location.hash');
  return url.searchParams;
}

// Opens a link and expects a page that is no way on.
export async function deadLink(page, link, status, expected) {
  const answer = await page.goto(link);
  is(answer.status(), status, 'the status');
  is(await heading(page), expected, 'the heading');
  is(await page.getByRole('button').count(), 0, 'buttons');
}

export async function heading(page) {
  return (await page.locator('h1').textContent()).trim();
}

export async function whatToDo(page) {
  return (await page.locator('section', { hasText: 'What to do now' }).locator('p').textContent()).trim();
}

// The redirect URI with a fresh code, as the application sends it to whoever allows what this address asks.
export async function consentWithoutABrowser(authorize) {
  const { origin, pathname, searchParams: form } = new URL(authorize);
  form.set('decision', 'allow');
  const answer = await fetch(origin + pathname, { method: 'POST', body: form, redirect: 'manual' });
  is(answer.status, 303, 'the status of the consent');
  return answer.headers.get('location');
}

// The texts that have the focus, one Tab after the other.
export async function tabUntil(page, last) {
  const reached = [];
  while (reached.length < 20 && reached.at(-1) !== last) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.textContent.trim()));
  }
  return reached;
}

// Tab reaches all that can have the focus, and two presses never leave it on the same element.
export async function noTrap(page, name) {
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
export function overflowing(page) {
  return page.evaluate(() => {
    // Of a picture only the shapes are seen, not the box around them.
    const wide = [...document.body.querySelectorAll(':not(svg)')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 || element.getBoundingClientRect().left < -0.5)
      .map((element) => element.localName);
    return document.documentElement.scrollWidth > innerWidth ? ['html', ...wide] : wide;
  });
}
