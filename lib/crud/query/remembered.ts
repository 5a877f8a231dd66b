/**
 * What has been made once for a key. Clients choose keys, so there is an end to them: when it is reached, everything is made anew.
 *
 * @example
 * const plans = new Remembered<Plan>(500);
 * const plan = plans.of(key, () => makePlan());
 */
export class Remembered<V> {
  private readonly values = new Map<string, V>();

  /** @param limit most keys */
  constructor(private readonly limit: number) {}

  of(key: string, make: () => V): V {
    let value = this.values.get(key);
    if (value === undefined) {
      value = make();
      if (this.values.size >= this.limit) this.values.clear();
      this.values.set(key, value);
    }
    return value;
  }
}
