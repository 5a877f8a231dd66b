import type { EntityMetadata } from 'typeorm';
import type { RowOrder } from './returned-rows.js';
import type { ForeignKeyLookup, UnscopedWriteCheck } from './foreign-keys.js';

/** What the scoped builders record while the text of one statement is built. */
export interface BuildContext {
  /** The inserts that scoped builders have built. */
  readonly inserts: BuiltInsert[];
  /** Entities that are inserted into or updated. */
  readonly writes: EntityMetadata[];
  /** Rows that the written foreign keys reference. They are checked before the statement is sent. */
  readonly lookups: ForeignKeyLookup[];
  /** Writes in an unscoped section. */
  readonly unscoped: UnscopedWriteCheck[];
  /** The order of the rows that an insert of several rows returns; undefined for every other statement. */
  returned: RowOrder | undefined;
}

/** An insert whose tenant columns have been set by its builder. */
export interface BuiltInsert {
  /** The table's name, in lower case. */
  readonly table: string;
  readonly text: string;
}

let current: BuildContext | undefined;

/**
 * Runs `fn`, which builds the text of a statement, and passes it the context that all builders involved record into.
 * `fn` must be synchronous: the context is one variable of the module. A builder nested in another's statement (a
 * common table expression) records into the outer context.
 */
export function buildStatement<R>(fn: (rendering: BuildContext) => R): R {
  const outer = current;
  const own: BuildContext = { inserts: [], writes: [], lookups: [], unscoped: [], returned: undefined };
  current = own;
  try {
    return fn(own);
  } finally {
    current = outer;
  }
}

/** Returns the context of the statement that is being built; undefined if a builder only renders its text. */
export function currentBuildContext(): BuildContext | undefined {
  return current;
}

/**
 * Runs application code while a statement is being built: builders that it uses do not record into the statement's
 * context.
 */
export function outsideBuildContext<R>(fn: () => R): R {
  const outer = current;
  current = undefined;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

/** Returns the last part of the table's path in lower case, as `SqlTableReference.table` has it. */
export function tableNameOf({ tablePath }: EntityMetadata): string {
  return tablePath.split('.').at(-1)!.toLowerCase();
}
