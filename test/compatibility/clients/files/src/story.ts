/** One thing that a program does with the API. */
export type Step = readonly [attempt: string, act: () => Promise<void>];

/** Takes the steps in their order, and prints a line for each. What failed is told, and the others go on. */
export async function tell(steps: readonly Step[]): Promise<void> {
  for (const [attempt, act] of steps) {
    const error = await act().then(
      () => undefined,
      (cause: unknown) => (cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(cause)),
    );
    console.log(`RESULT ${JSON.stringify({ attempt, error })}`);
  }
}

/** @throws Error with both values if they differ */
export function same(actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`found ${found}, not ${wanted}`);
}

/** @throws Error for undefined and null */
export function given<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error('a value is missing');
  return value;
}

/** A number that no ticket of the demo data has. */
export function newOrderNumber(): number {
  return 100_000 + Math.floor(Math.random() * 1_000_000_000);
}

/** An id that no row has. */
export const NO_ROW = 2_000_000_000;
