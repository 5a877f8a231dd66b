/**
 * Bounded cache with least-recently-used eviction, for keys that clients or application code choose.
 *
 * Entries are kept in two generations, as in the package hashlru. When the younger generation is full, it becomes the
 * older one, and the previous older one is dropped. Reading an entry of the older generation moves it to the younger
 * one. So a hit costs one lookup, and the `limit / 2` most recently used entries are never dropped.
 *
 * @example
 * const plans = new BoundedCache<string, Plan>(500);
 * const plan = plans.getOrCreate(key, () => makePlan());
 */
export class BoundedCache<K, V> {
  private younger = new Map<K, V>();
  private older = new Map<K, V>();
  private readonly generation: number;
  private readonly generationSize: number;
  /** The total size of the younger entries. */
  private size = 0;

  /**
   * @param limit maximum number of entries, at least 2
   * @param maxSize maximum total size of the entries; one of more than half of it is not kept
   * @param sizeOf returns the size of an entry, by its key
   */
  constructor(
    limit: number,
    maxSize = Infinity,
    private readonly sizeOf: (key: K) => number = () => 0,
  ) {
    this.generation = Math.floor(limit / 2);
    this.generationSize = maxSize / 2;
  }

  has(key: K): boolean {
    if (this.younger.has(key)) return true;
    if (!this.older.has(key)) return false;
    this.set(key, this.older.get(key)!);
    return true;
  }

  /** Returns the entry of a key; undefined if there is none. */
  get(key: K): V | undefined {
    const value = this.younger.get(key);
    if (value !== undefined) return value;
    return this.has(key) ? this.younger.get(key) : undefined;
  }

  set(key: K, value: V): void {
    if (!this.younger.has(key)) {
      const size = this.sizeOf(key);
      if (size > this.generationSize) return;
      if (this.younger.size >= this.generation || this.size + size > this.generationSize) {
        this.older = this.younger;
        this.younger = new Map();
        this.size = 0;
      }
      this.size += size;
    }
    this.younger.set(key, value);
  }

  /**
   * Returns the entry of a key. If there is none, calls `create` and stores its result.
   *
   * @param create not called again while the entry is kept, unless it returned undefined
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
