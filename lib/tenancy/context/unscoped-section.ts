import { isPromiseLike } from '../../common/is-promise-like.js';
import type { EntityRef } from './entity-ref.js';

/**
 * An unscoped section: code that runs over several tenants. It is closed when its callback settles, so that a promise
 * that outlives it cannot read other tenants' rows.
 */
export class UnscopedSection {
  #open = true;

  /**
   * @param why shown in errors and logs
   * @param entities the only exempt entities; undefined for all
   * @param keepsRole whether it keeps the connection's role under row-level security: it changes the schema, or reads
   * no tenant's rows
   */
  constructor(
    readonly why: string,
    readonly entities?: ReadonlySet<EntityRef>,
    readonly keepsRole = false,
  ) {}

  get open(): boolean {
    return this.#open;
  }

  close(): void {
    this.#open = false;
  }

  /** Calls `fn`, and closes the unscoped section when it returns or its promise settles. */
  closeAfter<R>(fn: () => R): R {
    let pending = false;
    try {
      const result = fn();
      if (isPromiseLike(result)) {
        pending = true;
        const close = (): void => this.close();
        return result.then(
          (value: unknown) => (close(), value),
          (error: unknown) => {
            close();
            throw error;
          },
        ) as R;
      }
      return result;
    } finally {
      if (!pending) this.close();
    }
  }
}
