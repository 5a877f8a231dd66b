import { isKeywordAt, isPunctuationAt } from './tokenizer.js';
import type { SqlToken } from './tokenizer.js';

/** A table named in a table position of a statement. */
export interface SqlTableReference {
  /** Last part of the name, unquoted, in lower case. */
  readonly table: string;
  /** Unquoted alias, in its original case if the database is case-sensitive there; undefined if there is no alias. */
  readonly alias: string | undefined;
  /** Index of its token. */
  readonly aliasToken: number | undefined;
  /** Whether rows are inserted into it. */
  readonly inserted: boolean;
  /** Whether its rows are updated or deleted. */
  readonly changed: boolean;
  /** The parenthesis level that contains it, see {@link ParenTree}. */
  readonly bracket: number;
  /** Index of its token. */
  readonly token: number;
}

/** The nesting of a statement's parentheses: each pair has a number, and 0 is the statement itself. */
export interface ParenTree {
  /** The level around each level; 0 for 0. */
  readonly parents: readonly number[];
  /** The level that contains each token. A parenthesis itself belongs to the level outside of it. */
  readonly ofToken: readonly number[];
  /** Index of each level's opening token; undefined for 0. */
  readonly opening: readonly (number | undefined)[];
  /** Index of each level's closing token; undefined for 0. */
  readonly closing: readonly (number | undefined)[];
}

/** The tables and the structure of a statement. */
export interface ParsedStatement {
  readonly mentions: readonly SqlTableReference[];
  /** Names of the common table expressions. */
  readonly cteNames: readonly string[];
  /** First words of the statements in the text. */
  readonly verbs: readonly string[];
  readonly brackets: ParenTree;
}

interface ParserLevel {
  readonly bracket: number;
  /** True inside a list of tables, where a table follows a comma. */
  inTables: boolean;
  /** True if the next name is a table. */
  expectsTable: boolean;
  inserting: boolean;
  /** True in an UPDATE or DELETE. */
  changing: boolean;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
/** Keywords before a table. */
const BEFORE_TABLE = words('from join straight_join into update using table truncate insert replace');
/** Modifiers between such a keyword and the table. */
const MODIFIERS = words(
  'only lateral table ignore low_priority high_priority delayed quick into or rollback abort fail if exists temporary temp unlogged',
);
/** Keywords that end a list of tables. */
const AFTER_TABLES = words(
  'where select set group order having limit offset fetch returning values union intersect except window for default',
);
/** Words after a table that are not its alias. */
const NOT_ALIAS = words(
  'on inner left right full outer cross natural as use force tablesample partition overriding when restart continue cascade ' +
    'restrict nowait skip of lock indexed not conflict and or where select set group order having limit returning values union ' +
    'intersect except from join straight_join into using',
);

/** Finds the tables that a statement names, by position. Errs on the side of finding too many. */
export function parseStatement(tokens: readonly SqlToken[]): ParsedStatement {
  return new StatementParser(tokens).read();
}

class StatementParser {
  private readonly mentions: SqlTableReference[] = [];
  private readonly cteNames: string[] = [];
  private readonly verbs: string[] = [];
  private readonly parents = [0];
  private readonly ofToken: number[] = [];
  private readonly opening: (number | undefined)[] = [];
  private readonly closing: (number | undefined)[] = [];
  private levels: ParserLevel[] = [newLevel(0)];
  private atStart = true;

  constructor(private readonly tokens: readonly SqlToken[]) {}

  read(): ParsedStatement {
    for (let i = 0; i < this.tokens.length; i += 1) i = this.readFrom(i);
    const { mentions, cteNames, verbs, parents, ofToken, opening, closing } = this;
    return { mentions, cteNames, verbs, brackets: { parents, ofToken, opening, closing } };
  }

  private get level(): ParserLevel {
    return this.levels[this.levels.length - 1];
  }

  /** Reads the token at `i`, and returns the index of the last token that belongs to it. */
  private readFrom(i: number): number {
    const token = this.tokens[i];
    this.ofToken[i] = this.level.bracket;
    if (token.kind === 'punctuation') {
      this.readPunctuation(i);
      return i;
    }
    if (this.atStart && token.kind === 'word') this.verbs.push(token.text);
    this.atStart = false;
    if (token.kind === 'literal' && token.text === '') return i;
    if (isKeywordAt(this.tokens, i) && this.readKeyword(i)) return i;
    if (this.namesCte(i)) this.cteNames.push(token.text);
    return this.level.expectsTable ? this.readTable(i) : i;
  }

  private readPunctuation(i: number): void {
    const { level } = this;
    const { text } = this.tokens[i];
    if (text === '(') {
      const bracket = this.parents.push(level.bracket) - 1;
      this.opening[bracket] = i;
      const { expectsTable: expect, changing } = level;
      this.levels.push({
        bracket,
        inTables: expect,
        expectsTable: expect,
        inserting: false,
        changing: expect && changing,
      });
      level.expectsTable = false;
    } else if (text === ')') {
      this.closing[level.bracket] = i;
      if (this.levels.length > 1) this.levels.pop();
      this.ofToken[i] = this.level.bracket;
    } else if (text === ',') {
      level.expectsTable = level.inTables;
    } else if (text === ';') {
      this.levels = [newLevel(0)];
      this.atStart = true;
    }
  }

  private readKeyword(i: number): boolean {
    const { text } = this.tokens[i];
    const { level } = this;
    if (level.expectsTable && MODIFIERS.has(text)) return true;
    if (text === 'delete') level.changing = true;
    if (this.opensTables(i)) {
      if (text === 'update') level.changing = true;
      level.expectsTable = true;
      level.inserting = text === 'into' || text === 'insert' || text === 'replace';
      level.inTables = !level.inserting;
      return true;
    }
    if (AFTER_TABLES.has(text) && !this.isColumn(i)) {
      level.expectsTable = false;
      level.inTables = false;
    }
    return false;
  }

  /** Checks whether such a keyword is the name of a column or function, which some databases allow. */
  private isColumn(i: number): boolean {
    const { text } = this.tokens[i];
    const after = this.tokens[i + 1]?.text ?? '';
    if (text === 'for') return ['index', 'key'].includes(this.tokens[i - 1]?.text ?? '');
    if (after === '(')
      return text === 'default' || (text === 'values' && !this.level.expectsTable && this.tokens[i - 1]?.text !== ')');
    return ['=', '<', '>', '!', ',', ')', '.', 'is', 'and', 'or'].includes(after);
  }

  private readTable(start: number): number {
    const { level, tokens } = this;
    level.expectsTable = false;
    const end = this.endOfName(start);
    for (let i = start; i <= end; i += 1) this.ofToken[i] = level.bracket;
    const alias = this.aliasAfter(end);
    this.mentions.push({
      table: tokens[end].text,
      alias: alias === undefined ? undefined : tokens[alias].exact,
      aliasToken: alias,
      inserted: level.inserting,
      changed: level.changing && !level.inserting,
      bracket: level.bracket,
      token: end,
    });
    if (alias === undefined) return end;
    // Skips the alias: some databases allow a keyword as an alias.
    for (let i = end; i <= alias; i += 1) this.ofToken[i] = level.bracket;
    return alias;
  }

  /** Checks whether the word at `i` introduces tables, and does not have another role. */
  private opensTables(i: number): boolean {
    const { text } = this.tokens[i];
    if (!BEFORE_TABLE.has(text)) return false;
    // No table follows in FOR UPDATE, DO UPDATE SET, ON DUPLICATE KEY UPDATE and ON UPDATE.
    if (text === 'update') return !['for', 'do', 'key', 'on'].includes(this.tokens[i - 1]?.text ?? '');
    // REPLACE(text, …) and INSERT(text, …) are functions.
    return !(text === 'replace' || text === 'insert') || !isPunctuationAt(this.tokens, i + 1, '(');
  }

  /** Matches `WITH name AS (`, `, name AS (` and the forms with a list of columns. */
  private namesCte(i: number): boolean {
    const { tokens } = this;
    if (!['with', 'recursive', ','].includes(tokens[i - 1]?.text ?? '')) return false;
    let next = i + 1;
    if (isPunctuationAt(tokens, next, '(')) {
      while (next < tokens.length && !isPunctuationAt(tokens, next, ')')) next += 1;
      next += 1;
    }
    if (tokens[next]?.text !== 'as') return false;
    const body = tokens[next + 1]?.text;
    return body === '(' || body === 'materialized' || (body === 'not' && tokens[next + 2]?.text === 'materialized');
  }

  /** Returns the index of the last part of `schema.table`. */
  private endOfName(start: number): number {
    let i = start;
    while (isPunctuationAt(this.tokens, i + 1, '.') && this.tokens[i + 2] !== undefined) i += 2;
    return i;
  }

  /** Returns the index of a table's alias; undefined if there is no alias. */
  private aliasAfter(i: number): number | undefined {
    const next = this.tokens[i + 1];
    if (next?.kind === 'word' && next.text === 'as') return this.tokens[i + 2] === undefined ? undefined : i + 2;
    if (next?.kind === 'name') return i + 1;
    if (next?.kind !== 'word') return undefined;
    // `FROM news set, other`: some databases allow this keyword as an alias.
    return !NOT_ALIAS.has(next.text) || isPunctuationAt(this.tokens, i + 2, ',') ? i + 1 : undefined;
  }
}

function newLevel(bracket: number): ParserLevel {
  return { bracket, inTables: false, expectsTable: false, inserting: false, changing: false };
}
