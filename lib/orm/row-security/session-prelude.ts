import { currentContext } from '../../tenancy/context/tenant-context.js';
import type { PreludeStatement } from '../execution/postgres-query.js';
import type { PreparedStatementNames } from '../execution/prepared-statement-names.js';
import { getRowLevelSecurity } from './row-security-options.js';
import { scopeSettings } from './scope-settings.js';

/**
 * Creates the statement that sets the access context of the running code for row-level security. It is sent before each
 * statement, in the same transaction: its settings are local, so the next user of the connection does not have them,
 * and a pooler may give the connection to another client after any transaction.
 */
export class SessionPrelude {
  private readonly settings = scopeSettings();
  /** Sets the scope. */
  private readonly scoped: string;
  /** Sets the scope, and resets the role that unscoped code of the same transaction may have set. */
  private readonly scopedInTransaction: string;

  constructor(private readonly prepared: PreparedStatementNames) {
    const sets = this.settings.map(({ setting }, i) => `set_config('${setting}', $${i + 1}, true)`);
    this.scoped = `SELECT ${sets.join(', ')}`;
    this.scopedInTransaction = `SELECT ${["set_config('role', NULL, true)", ...sets].join(', ')}`;
  }

  /**
   * Returns the prelude for the access context of the running code.
   *
   * @param mayBeInTransaction whether earlier statements of the same transaction may have set the role
   * @returns undefined outside of any scope, and for code that changes the schema
   */
  current(mayBeInTransaction: boolean): PreludeStatement | undefined {
    const context = currentContext();
    if (context?.unscopedSection !== undefined) {
      if (context.unscopedSection.keepsRole) return undefined;
      // A role, since any SQL can set a setting: a policy that a setting opens would be open to every raw statement.
      return this.named("SELECT set_config('role', $1, true)", [getRowLevelSecurity()!.unscopedRole]);
    }
    if (context?.scope === undefined) return undefined;
    const { values } = context.scope;
    return this.named(
      mayBeInTransaction ? this.scopedInTransaction : this.scoped,
      this.settings.map(({ key }) => String(values[key])),
    );
  }

  private named(text: string, values: readonly string[]): PreludeStatement {
    return { text, values, name: this.prepared.nameFor(text) };
  }
}
