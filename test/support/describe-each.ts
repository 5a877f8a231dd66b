import { describe, it } from '@jest/globals';

/**
 * Describes each case as `describe.each` does, and passes if there are none, because TEST_DATABASES or TEST_ADAPTER leaves them out. What is left
 * out is printed, with the reason.
 *
 * @param cases databases, or places to run at
 * @param why what would have to be named for a case to be there
 * @example
 * describeEach(databasesToTest().filter((kind) => kind === 'mariadb'), 'TEST_DATABASES names no MariaDB')('locks on %s', (kind) => { … });
 */
export function describeEach<T extends readonly [unknown, ...unknown[]]>(
  cases: readonly T[],
  why: string,
): (name: string, body: (...values: T) => void) => void;
export function describeEach<T>(cases: readonly T[], why: string): (name: string, body: (value: T) => void) => void;
export function describeEach(
  cases: readonly unknown[],
  why: string,
): (name: string, body: (...values: never[]) => void) => void {
  return (name, body) => {
    if (cases.length > 0) {
      describe.each(cases as string[])(name, body as never);
      return;
    }
    process.stderr.write(`  not run: ${name} (${why})\n`);
    describe(name, () => it.skip(`left out: ${why}`, () => undefined));
  };
}
