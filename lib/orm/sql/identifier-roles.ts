import type { ParsedStatement } from './table-references.js';
import { isPunctuationAt } from './tokenizer.js';
import type { SqlToken } from './tokenizer.js';

/** Classifies identifiers that have the name of a table: as a qualifier, an alias, a column. */
export class IdentifierClassifier {
  /** @param columnsOf returns the column names of a table's entities, in lower case */
  constructor(
    private readonly tokens: readonly SqlToken[],
    private readonly shape: ParsedStatement,
    private readonly columnsOf: (table: string) => readonly string[],
  ) {}

  /**
   * Returns true if the identifier at `i` is a qualifier, alias, column, parameter or cast, i.e. not a table that the
   * parser missed.
   */
  isNotATable(i: number): boolean {
    const { tokens } = this;
    const [before, after] = [tokens[i - 1]?.text, tokens[i + 1]?.text];
    const { kind, text } = tokens[i];
    // A string literal, which SQLite also accepts as a name: a value unless it is in a table position.
    if (kind === 'literal') return before !== ',' && before !== 'join' && before !== 'from';
    // A qualifier, a parameter or cast, an alias; below, the word of GROUP BY, ORDER BY and PARTITION BY.
    if (isPunctuationAt(tokens, i + 1, '.') || isParameter(tokens, i) || before === 'as') return true;
    if (kind === 'word' && after === 'by') return ['group', 'order', 'partition'].includes(text);
    if (isLocked(tokens, i)) return true;
    if (isPunctuationAt(tokens, i - 1, '.')) return this.isColumnOf(tokens[i - 2], text) || isDerived(tokens, i - 2);
    return this.isWrittenColumn(i);
  }

  /** Checks for an unqualified column of the written table, which has no alias. */
  private isWrittenColumn(i: number): boolean {
    const { tokens } = this;
    const { verbs, mentions, brackets } = this.shape;
    if (!['insert', 'update', 'delete'].includes(verbs[0] ?? '')) return false;
    if (!mentions.some(({ table }) => this.columnsOf(table).includes(tokens[i].text))) return false;
    const opening = brackets.opening[brackets.ofToken[i]];
    if (opening === undefined) return true;
    const isList = mentions.some(({ token, inserted }) => inserted && token === opening - 1);
    return isList || ['=', '<', '>', '!', 'is', 'in', 'like'].includes(tokens[i + 1]?.text ?? '');
  }

  private isColumnOf(qualifier: SqlToken | undefined, column: string): boolean {
    return this.shape.mentions.some(
      ({ table, alias }) => qualifier?.exact === (alias ?? table) && this.columnsOf(table).includes(column),
    );
  }
}

/** Checks whether the token at `i` follows a colon: `:name`, or TypeORM's `:...name` for a list. */
function isParameter(tokens: readonly SqlToken[], i: number): boolean {
  const isList = [1, 2, 3].every((back) => isPunctuationAt(tokens, i - back, '.'));
  return isPunctuationAt(tokens, isList ? i - 4 : i - 1, ':');
}

/**
 * Checks whether the token at `i` is the alias of a subquery: `(SELECT …) alias` or `(SELECT …) AS alias`, anywhere in
 * the statement.
 */
function isDerived(tokens: readonly SqlToken[], i: number): boolean {
  const name = tokens[i]?.text;
  return tokens.some(({ text }, at) => {
    if (text !== name) return false;
    const before = tokens[at - 1]?.text;
    return before === ')' || (before === 'as' && tokens[at - 2]?.text === ')');
  });
}

/**
 * Checks whether the token at `i` is in `FOR UPDATE OF name, name`, which lists tables and aliases of the statement's
 * FROM.
 */
function isLocked(tokens: readonly SqlToken[], i: number): boolean {
  let of = i - 1;
  while (isPunctuationAt(tokens, of, ',')) of -= 2;
  const before = tokens.slice(Math.max(0, of - 4), of + 1).map(({ kind, text }) => (kind === 'word' ? text : ''));
  return /\bfor (?:(?:no key )?update|(?:key )?share) of$/.test(before.join(' '));
}
