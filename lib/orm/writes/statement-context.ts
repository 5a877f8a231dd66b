import type { EntityMetadata } from 'typeorm';
import type { ForeignKeyLookup, UnscopedWriteCheck } from './foreign-keys.js';

/** What scoped builders leave behind while the text of one statement is made. */
export interface BuildContext {
  /** The inserts in it, as scoped builders have made them. */
  readonly inserts: BuiltInsert[];
  /** Entities that are inserted into or updated. */
  readonly writes: EntityMetadata[];
  /** Rows that foreign keys of the statement name. They are looked up before the statement is sent. */
  readonly lookups: ForeignKeyLookup[];
  /** Writes that are made in an unscoped section. */
  readonly unscoped: UnscopedWriteCheck[];
}

/** An insert whose rows are stamped. */
export interface BuiltInsert {
  /** The table, in lower case. */
  readonly table: string;
  readonly text: string;
}

let current: BuildContext | undefined;

/**
 * Runs `fn`, which makes the text of a statement, and hands it the notes of all builders that took part. Making text is synchronous, so
 * one variable is enough; a builder inside another's statement (a common table expression) notes into the same one.
 */
export function buildStatement<R>(fn: (rendering: BuildContext) => R): R {
  const outer = current;
  const own: BuildContext = { inserts: [], writes: [], lookups: [], unscoped: [] };
  current = own;
  try {
    return fn(own);
  } finally {
    current = outer;
  }
}

/** The statement whose text is being made; undefined where a builder only shows its text. */
export function currentBuildContext(): BuildContext | undefined {
  return current;
}

/** Runs code of the application in the middle of a statement: what it makes does not belong to that. */
export function outsideBuildContext<R>(fn: () => R): R {
  const outer = current;
  current = undefined;
  try {
    return fn();
  } finally {
    current = outer;
  }
}
