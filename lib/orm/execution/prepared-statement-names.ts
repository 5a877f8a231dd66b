import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

/** Maximum number of named statements: the server keeps each as long as its connection lives. */
const MAX_NAMES = 200;

/**
 * Error codes after which a statement is retried without its name: the table has changed since it was prepared, or a
 * pooler has switched connections, so that the name is unknown or in use.
 */
export const STALE_STATEMENT_CODES: ReadonlySet<string | undefined> = new Set(['0A000', '26000', '42P05']);

/**
 * The names of a DataSource's prepared statements in PostgreSQL, so that each connection parses and plans a text once.
 * A name is a hash of its text, and no other text gets it. Clients can cause many different texts: once all names are
 * used, further texts are sent without one.
 *
 * `MuckModule.forRoot({ preparedStatements: false })` disables them, or `extra: { preparedStatements: false }` in the
 * options of one DataSource. This is needed for poolers that assign a connection to another client between two
 * statements without keeping its prepared statements.
 */
export class PreparedStatementNames {
  private readonly names = new Map<string, string>();
  private count = 0;
  private isOn: boolean;

  constructor({ options }: DataSource) {
    const extra =
      'extra' in options ? (options.extra as { readonly preparedStatements?: boolean } | undefined) : undefined;
    this.isOn = extra?.preparedStatements !== false;
  }

  disable(): void {
    this.isOn = false;
  }

  /**
   * Returns the name for a text.
   *
   * @returns undefined if the statement must be sent without a name
   */
  nameFor(sql: string): string | undefined {
    if (!this.isOn) return undefined;
    let name = this.names.get(sql);
    if (name === undefined && this.count < MAX_NAMES) {
      this.count += 1;
      name = `muck_${createHash('sha256').update(`${this.count} ${sql}`).digest('hex').slice(0, 32)}`;
      this.names.set(sql, name);
    }
    return name;
  }

  /**
   * Removes the name of a text, because the connection does not have its statement or cannot use it: the table has
   * changed, or a pooler has switched connections.
   */
  evict(sql: string): void {
    this.names.delete(sql);
  }
}
