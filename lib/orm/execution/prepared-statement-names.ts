import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

/** How many statements get a name on each connection: the server keeps them all as long as the connection lasts. */
const MAX_NAMES = 200;

/**
 * The names under which PostgreSQL keeps a DataSource's statements, so that each connection reads and plans a text once. A name is the
 * text's hash and is never another text's. Clients can make many texts: when there are no more names, further ones go without.
 *
 * `MuckModule.forRoot({ preparedStatements: false })` turns it off, or `extra: { preparedStatements: false }` in the options of one
 * DataSource: for poolers that hand a connection to somebody else between two statements and do not carry names along.
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

  /** @returns undefined where the statement has to go without one */
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

  /** The connection does not have what the name stood for, or not as it was: the table has changed, or a pooler is in between. */
  evict(sql: string): void {
    this.names.delete(sql);
  }
}
