import type { EntityManager } from 'typeorm';
import type { EntityKey } from './tenant-context.js';

/** A table in hand-written SQL, made by {@link table}. */
export class TablePlaceholder {
  constructor(
    readonly entity: EntityKey,
    readonly alias: string,
  ) {}
}

/**
 * Stands for an entity's table in `tenancy.sql`: the rows of it that the scope sees.
 *
 * @param alias how the rest of the statement calls it; letters, digits and underscores
 */
export function table(entity: EntityKey, alias: string): TablePlaceholder {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(alias))
    throw new TypeError('An alias is made of letters, digits and underscores.');
  return new TablePlaceholder(entity, alias);
}

/** A statement as it was written: text, and between its parts tables and values. */
export interface SqlTemplate {
  readonly manager: EntityManager;
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
}

/** Renders, verifies and runs a fragment. The ORM layer has it; this one only builds fragments. */
export type SqlRunner = (fragment: SqlTemplate) => Promise<unknown[]>;

let runner: SqlRunner | undefined;

/** Called once, by the ORM layer. */
export function registerSqlRunner(provided: SqlRunner): void {
  runner = provided;
}

/** Hands a fragment to the ORM layer. */
export function runSqlTemplate(fragment: SqlTemplate): Promise<unknown[]> {
  if (runner === undefined)
    return Promise.reject(
      new Error('The ORM layer is not loaded: import from the package, not from one of its files.'),
    );
  return runner(fragment);
}
