// Checks: one line for each, then the count.

export class Tally {
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

export function is(actual, expected, what) {
  const [found, wanted] = [actual, expected].map((value) => JSON.stringify(value));
  if (found !== wanted) throw new Error(`${what}: ${found}, not ${wanted}`);
}
