/**
 * Numbers that look random and are the same for the same seed, so that what a generated test has found can be found again.
 *
 * @example
 * const random = new Random(seedOf('TEST_SEED'));
 * const value = random.pick(['a', 'b']);
 */
export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number between two, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<V>(values: readonly V[]): V {
    return values[this.below(values.length)];
  }

  /** The same values in another order. */
  shuffled<V>(values: readonly V[]): V[] {
    const left = [...values];
    return values.map(() => left.splice(this.below(left.length), 1)[0]);
  }

  /** `count` values, of which some may be the same. */
  several<V>(count: number, make: () => V): V[] {
    return Array.from({ length: count }, make);
  }
}

/** The seed that an environment variable names; `random` makes one up, and without it the seed is always the same. */
export function seedOf(variable: string): number {
  const named = process.env[variable];
  if (named === undefined) return 1;
  return named === 'random' ? Date.now() % 2 ** 31 : Number(named);
}
