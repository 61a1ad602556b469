// Checks: one line for each, then the count.

// What a check throws if this machine cannot decide it. It is counted, and never as passed.
export class Skipped extends Error {}

export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  async check(name, body) {
    try {
      await body();
      this.passed += 1;
      console.log(`ok    ${name}`);
    } catch (error) {
      if (error instanceof Skipped) {
        this.skipped += 1;
        console.log(`*** SKIPPED: ${name}: ${error.message} ***`);
        return;
      }
      this.failed += 1;
      console.log(`FAIL  ${name}: ${String(error.message).replaceAll(/\s*\n\s*/g, ' | ')}`);
    }
  }

  get count() {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}

export function is(actual, expected, what) {
  const [found, wanted] = [actual, expected].map((value) => JSON.stringify(value));
  if (found !== wanted) throw new Error(`${what}: ${found}, not ${wanted}`);
}
