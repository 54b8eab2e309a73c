import { describe } from '@jest/globals';

/** `describe`; with a `reason`, the tests are reported as skipped, with it. */
export function describeUnless(reason: string | undefined, name: string, tests: () => void): void {
  if (reason === undefined) {
    describe(name, tests);
    return;
  }
  process.stderr.write(`Skipped: ${name}: ${reason}.\n`);
  const { skip } = describe;
  skip(`${name} (${reason})`, tests);
}
