import type { EntityManager } from 'typeorm';
import type { EntityRef } from './entity-ref.js';

/** Placeholder for a table in raw SQL, created by {@link table}. */
export class TablePlaceholder {
  constructor(
    readonly entity: EntityRef,
    readonly alias: string,
  ) {}
}

/**
 * Returns a placeholder for an entity's table in `tenancy.sql`: the rows of it that the scope sees.
 *
 * @param entity the entity's class or name
 * @param alias alias of the table in the statement: letters, digits and underscores
 * @returns a value for the template of `tenancy.sql`
 * @throws TypeError if the alias is not valid
 * @example
 * await tenancy.sql(dataSource.manager)`SELECT count(*) AS n FROM ${table(SupportTicket, 't')}`;
 */
export function table(entity: EntityRef, alias: string): TablePlaceholder {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(alias))
    throw new TypeError('An alias is made of letters, digits and underscores.');
  return new TablePlaceholder(entity, alias);
}

/** Raw SQL template: texts, and the tables and values between them. */
export interface SqlTemplate {
  readonly manager: EntityManager;
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
}

/** Renders, verifies and runs a template. The ORM layer provides it; this file only builds templates. */
export type SqlRunner = (fragment: SqlTemplate) => Promise<unknown[]>;

let runner: SqlRunner | undefined;

/** Registers the runner. The ORM layer calls it once. */
export function registerSqlRunner(provided: SqlRunner): void {
  runner = provided;
}

/**
 * Runs a template with the runner of the ORM layer.
 *
 * @throws Error if the ORM layer is not loaded
 */
export function runSqlTemplate(fragment: SqlTemplate): Promise<unknown[]> {
  if (runner === undefined)
    return Promise.reject(
      new Error('The ORM layer is not loaded: import from the package, not from one of its files.'),
    );
  return runner(fragment);
}
