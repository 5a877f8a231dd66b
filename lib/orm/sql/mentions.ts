import type { SqlToken } from './tokens.js';

/** A table named in a table position of a statement. */
export interface TableMention {
  /** Last part of the name, unquoted, in lower case. */
  readonly table: string;
  /** Unquoted, lower-case alias; undefined when there is none. */
  readonly alias: string | undefined;
  /** Whether rows are inserted into it. */
  readonly inserted: boolean;
  /** The bracket that it stands in, see {@link Brackets}. */
  readonly bracket: number;
}

/** The nesting of a statement's brackets: each has a number, 0 is the statement itself. */
export interface Brackets {
  /** The bracket around each one; 0 for 0. */
  readonly parents: readonly number[];
  /** Which bracket the character at `offset` stands in. */
  at(offset: number): number;
}

/** What a reader of table positions finds in a statement. */
export interface StatementShape {
  readonly mentions: readonly TableMention[];
  /** Names that common table expressions are given. */
  readonly cteNames: readonly string[];
  /** First words of the statements in the text. */
  readonly verbs: readonly string[];
  readonly brackets: Brackets;
}

interface Level {
  readonly bracket: number;
  /** Inside a list of tables, where a comma means another one. */
  inTables: boolean;
  /** The next name is a table. */
  expect: boolean;
  inserting: boolean;
}

/** Words after which a table stands. */
const BEFORE_TABLE = new Set([
  'from',
  'join',
  'straight_join',
  'into',
  'update',
  'using',
  'table',
  'truncate',
  'insert',
  'replace',
]);
/** Words between such a word and the table. */
const FILLERS = new Set([
  'only',
  'lateral',
  'table',
  'ignore',
  'low_priority',
  'high_priority',
  'delayed',
  'quick',
  'into',
  'or',
  'rollback',
  'abort',
  'fail',
  'if',
  'exists',
  'temporary',
  'temp',
  'unlogged',
]);
/** Words that end a list of tables. */
const AFTER_TABLES = new Set([
  'where',
  'select',
  'set',
  'group',
  'order',
  'having',
  'limit',
  'offset',
  'fetch',
  'returning',
  'values',
  'union',
  'intersect',
  'except',
  'window',
  'for',
  'default',
]);
/** Words that follow a table and are not its alias. */
const NOT_ALIAS = new Set([
  ...BEFORE_TABLE,
  ...AFTER_TABLES,
  'on',
  'inner',
  'left',
  'right',
  'full',
  'outer',
  'cross',
  'natural',
  'as',
  'use',
  'force',
  'tablesample',
  'partition',
  'overriding',
  'when',
  'restart',
  'continue',
  'cascade',
  'restrict',
  'nowait',
  'skip',
  'of',
  'lock',
  'indexed',
  'not',
  'conflict',
  'and',
  'or',
]);

/** Finds the tables that a statement names, by position. Errs on the side of finding too many. */
export function readShape(tokens: readonly SqlToken[]): StatementShape {
  const mentions: TableMention[] = [];
  const cteNames: string[] = [];
  const verbs: string[] = [];
  const parents = [0];
  const bounds: { readonly offset: number; readonly bracket: number }[] = [{ offset: 0, bracket: 0 }];
  let levels: Level[] = [newLevel(0)];
  let atStart = true;

  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    const level = levels[levels.length - 1];
    if (token.kind === 'punctuation') {
      if (token.text === '(') {
        const bracket = parents.push(level.bracket) - 1;
        bounds.push({ offset: token.start, bracket });
        levels.push({ bracket, inTables: level.expect, expect: level.expect, inserting: false });
        level.expect = false;
      } else if (token.text === ')') {
        if (levels.length > 1) levels.pop();
        bounds.push({ offset: token.end, bracket: levels[levels.length - 1].bracket });
      } else if (token.text === ',') {
        level.expect = level.inTables;
      } else if (token.text === ';') {
        levels = [newLevel(0)];
        atStart = true;
        continue;
      }
      continue;
    }
    if (atStart && token.kind === 'word') verbs.push(token.text);
    atStart = false;
    if (token.kind === 'literal') continue;

    if (token.kind === 'word' && level.expect && FILLERS.has(token.text)) {
      level.inserting ||= token.text === 'into';
      continue;
    }
    if (token.kind === 'word' && opensTables(tokens, i)) {
      level.expect = true;
      level.inTables = token.text !== 'into' && token.text !== 'insert' && token.text !== 'replace';
      level.inserting = !level.inTables;
      continue;
    }
    if (token.kind === 'word' && AFTER_TABLES.has(token.text)) {
      level.expect = false;
      level.inTables = false;
      continue;
    }
    if (namesCte(tokens, i)) cteNames.push(token.text);
    if (!level.expect) continue;
    level.expect = false;
    i = endOfName(tokens, i);
    const alias = aliasAfter(tokens, i);
    mentions.push({ table: tokens[i].text, alias, inserted: level.inserting, bracket: level.bracket });
    level.inserting = false;
  }
  return { mentions, cteNames, verbs, brackets: { parents, at: (offset) => bracketAt(bounds, offset) } };
}

function newLevel(bracket: number): Level {
  return { bracket, inTables: false, expect: false, inserting: false };
}

/** Whether the word at `i` is followed by tables, and not one of the same words in another role. */
function opensTables(tokens: readonly SqlToken[], i: number): boolean {
  const word = tokens[i].text;
  if (!BEFORE_TABLE.has(word)) return false;
  const before = tokens[i - 1]?.text;
  const after = tokens[i + 1]?.text;
  // FOR UPDATE, DO UPDATE SET, ON DUPLICATE KEY UPDATE, ON UPDATE: no table follows.
  if (word === 'update') return !['for', 'do', 'key', 'on'].includes(before ?? '');
  // USING (columns) of a join, REPLACE(text, …) and INSERT(text, …) as functions.
  if (word === 'using' || word === 'replace' || word === 'insert') return after !== '(';
  return true;
}

/** `WITH name AS (`, `, name AS (` and the forms with a list of columns. */
function namesCte(tokens: readonly SqlToken[], i: number): boolean {
  const before = tokens[i - 1]?.text;
  if (before !== 'with' && before !== 'recursive' && before !== ',') return false;
  let next = i + 1;
  if (tokens[next]?.text === '(') {
    while (next < tokens.length && tokens[next].text !== ')') next += 1;
    next += 1;
  }
  if (tokens[next]?.text !== 'as') return false;
  const body = tokens[next + 1]?.text;
  return body === '(' || body === 'materialized' || (body === 'not' && tokens[next + 2]?.text === 'materialized');
}

/** The last part of `schema.table`. */
function endOfName(tokens: readonly SqlToken[], start: number): number {
  let i = start;
  while (tokens[i + 1]?.text === '.' && tokens[i + 1]?.kind === 'punctuation' && tokens[i + 2] !== undefined) i += 2;
  return i;
}

function aliasAfter(tokens: readonly SqlToken[], i: number): string | undefined {
  const next = tokens[i + 1];
  if (next?.kind === 'word' && next.text === 'as') return tokens[i + 2]?.text;
  if (next?.kind === 'name') return next.text;
  return next?.kind === 'word' && !NOT_ALIAS.has(next.text) ? next.text : undefined;
}

function bracketAt(bounds: readonly { readonly offset: number; readonly bracket: number }[], offset: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (bounds[middle].offset <= offset) low = middle;
    else high = middle - 1;
  }
  return bounds[low].bracket;
}
