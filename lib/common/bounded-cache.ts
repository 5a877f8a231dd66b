/**
 * A cache with a bound, for keys that clients or application code choose: the least recently used entries make room. Entries are kept in two
 * generations. Once the younger one is full, it becomes the older one, whose remaining entries are dropped; an entry that is read from the older
 * generation moves to the younger one. So a hit costs one look-up, and an entry that was among the last `limit / 2` used is never dropped. The
 * algorithm is that of the package hashlru.
 *
 * @example
 * const plans = new BoundedCache<string, Plan>(500);
 * const plan = plans.getOrCreate(key, () => makePlan());
 */
export class BoundedCache<K, V> {
  private younger = new Map<K, V>();
  private older = new Map<K, V>();
  private readonly generation: number;

  /** @param limit the largest number of entries, at least 2 */
  constructor(limit: number) {
    this.generation = Math.floor(limit / 2);
  }

  has(key: K): boolean {
    if (this.younger.has(key)) return true;
    if (!this.older.has(key)) return false;
    this.set(key, this.older.get(key)!);
    return true;
  }

  /** @returns undefined if there is no entry */
  get(key: K): V | undefined {
    const value = this.younger.get(key);
    if (value !== undefined) return value;
    return this.has(key) ? this.younger.get(key) : undefined;
  }

  set(key: K, value: V): void {
    if (this.younger.size >= this.generation && !this.younger.has(key)) {
      this.older = this.younger;
      this.younger = new Map();
    }
    this.younger.set(key, value);
  }

  /**
   * Returns the entry of a key, and makes it if there is none.
   *
   * @param create is not called again while the entry is kept, unless it returned undefined
   */
  getOrCreate(key: K, create: () => V): V {
    let value = this.get(key);
    if (value === undefined) {
      value = create();
      this.set(key, value);
    }
    return value;
  }
}
