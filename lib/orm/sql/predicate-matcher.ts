import type { ParsedStatement, SqlTableReference } from './table-references.js';
import { isKeywordAt } from './tokenizer.js';
import type { SqlToken } from './tokenizer.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
/** Keywords that may be next to a predicate, or next to the parentheses around it, without changing its effect. */
const ALLOWED_NEIGHBOURS = words('and');
/** Keywords that always end a WHERE or ON. */
const AFTER_CONDITION = words('group order union intersect except returning');
/** Keywords that end a WHERE or ON, unless the database allows them as a name. */
const MAYBE_CLAUSE_KEYWORDS = words(
  'having limit offset fetch for window where left inner join cross right full natural',
);
/** Tokens by which a neighbouring condition could weaken a predicate. */
const WEAKENING_TOKENS = words(
  'or xor not case when then else end between is isnull notnull in like ilike similar overlaps collate operator any all some select ' +
    ', | & = < > ! [ ]',
);
/** Kinds of tokens that a name may be compared with next to a predicate. */
const COMPARABLE_KINDS: ReadonlySet<string | undefined> = words('name literal');
/** Tokens that cannot be between a JOIN and its ON. */
const BEFORE_JOIN = words('on select from where union intersect except straight_join ,');
const CONFLICTS = words('conflict do duplicate');
const SET_OPERATIONS = words('union intersect except minus');

/**
 * Matches predicates with the tables that they limit. A predicate must be a condition, joined by AND only, of a WHERE
 * or ON: the WHERE of its table's own SELECT, UPDATE or DELETE, or the ON that joins its table. Anywhere else it does
 * not limit the table.
 */
export class PredicateMatcher {
  private readonly consumed = new Set<number>();

  constructor(
    private readonly tokens: readonly SqlToken[],
    private readonly shape: ParsedStatement,
  ) {}

  /**
   * Finds a predicate for this table that no other table reference has consumed.
   *
   * @returns false if there is no such predicate
   */
  consume(mention: SqlTableReference, predicate: readonly SqlToken[]): boolean {
    if (predicate.length === 0) return false;
    for (let at = 0; at + predicate.length <= this.tokens.length; at += 1) {
      if (this.consumed.has(at) || !this.matchesAt(at, predicate)) continue;
      if (!this.restricts(at, at + predicate.length - 1, mention)) continue;
      this.consumed.add(at);
      return true;
    }
    return false;
  }

  private matchesAt(at: number, predicate: readonly SqlToken[]): boolean {
    return predicate.every(
      ({ kind, exact }, i) => this.tokens[at + i].kind === kind && this.tokens[at + i].exact === exact,
    );
  }

  /**
   * Checks that a predicate limits the table: walks outwards from the tokens `first` to `last`, level by level, up to
   * the WHERE or ON.
   */
  private restricts(first: number, last: number, mention: SqlTableReference): boolean {
    let from = first;
    let to = last;
    for (;;) {
      const bracket = this.bracketOf(from);
      const start = this.clauseStart(from, bracket);
      const end = this.clauseEnd(to, bracket);
      if (start === undefined || end === undefined) return false;
      const opener = this.tokens[start];
      if (opener.kind === 'word') return this.isClauseOf(start, bracket, opener.text, mention);
      // At an opening parenthesis: the whole group is one condition of the level outside.
      from = start;
      to = end;
    }
  }

  /**
   * Returns the keyword or parenthesis that opens the conditions, to the left; undefined if a token there could weaken
   * the predicate.
   */
  private clauseStart(from: number, bracket: number): number | undefined {
    let isNeighbour = true;
    for (let i = from - 1; i >= 0; i -= 1) {
      if (this.isOpeningOf(i, bracket)) return i;
      if (this.bracketOf(i) !== bracket) continue;
      const { text } = this.tokens[i];
      const isKeyword = isKeywordAt(this.tokens, i);
      if (isKeyword && (text === 'where' || text === 'on')) return i;
      if (isNeighbour && !(isKeyword && ALLOWED_NEIGHBOURS.has(text))) return undefined;
      isNeighbour = false;
      if (this.weakens(i)) return undefined;
    }
    return undefined;
  }

  /**
   * Returns the last token of the conditions to the right, a closing parenthesis included; undefined if a token there
   * could weaken the predicate.
   */
  private clauseEnd(to: number, bracket: number): number | undefined {
    let isNeighbour = true;
    let end: number | undefined;
    for (let i = to + 1; i < this.tokens.length; i += 1) {
      if (this.isClosingOf(i, bracket)) return end ?? i;
      if (this.bracketOf(i) !== bracket) continue;
      const { text } = this.tokens[i];
      const isKeyword = isKeywordAt(this.tokens, i);
      if (isKeyword && this.endsConditions(i)) return end ?? i - 1;
      if (isKeyword && (MAYBE_CLAUSE_KEYWORDS.has(text) || this.locksRows(i))) end ??= i - 1;
      // If that keyword is a name after all, this OR belongs to the conditions.
      if (end !== undefined && (text === 'or' || text === 'xor' || text === '|')) return undefined;
      if (end !== undefined) continue;
      if (isNeighbour && !(isKeyword && ALLOWED_NEIGHBOURS.has(text))) return undefined;
      isNeighbour = false;
      if (this.weakens(i)) return undefined;
    }
    return end ?? this.tokens.length - 1;
  }

  /**
   * Checks for a keyword that ends the conditions. GROUP and ORDER count before BY only: an aggregate may contain them
   * too.
   */
  private endsConditions(i: number): boolean {
    const { text } = this.tokens[i];
    return AFTER_CONDITION.has(text) && (!['group', 'order'].includes(text) || this.tokens[i + 1]?.text === 'by');
  }

  /** Matches `LOCK IN SHARE MODE` of MySQL and MariaDB. It cannot be a condition, where a parenthesis follows IN. */
  private locksRows(i: number): boolean {
    return ['lock', 'in', 'share', 'mode'].every((word, at) => this.tokens[i + at]?.text === word);
  }

  private weakens(i: number): boolean {
    const { kind, text } = this.tokens[i];
    if (kind === 'literal' || kind === 'name') return false;
    // The join keys are compared right next to the predicate: `"a"."id" = "b"."aId" AND ( … )`.
    if (text === '=') return !(this.tokens[i - 1].kind === 'name' && COMPARABLE_KINDS.has(this.tokens[i + 1]?.kind));
    return WEAKENING_TOKENS.has(text);
  }

  /** Checks whether the WHERE or ON at `start` filters the rows of the table. */
  private isClauseOf(start: number, bracket: number, word: string, mention: SqlTableReference): boolean {
    if (this.partOf(start, bracket) !== this.partOf(mention.token, bracket)) return false;
    if (word === 'where') return mention.bracket === bracket && !this.isConflictClause(mention.token, start);
    return mention.token > this.joinBefore(start, bracket) && mention.token < start && this.isJoined(mention, bracket);
  }

  /** Checks for the WHERE of ON CONFLICT … DO UPDATE, which filters the existing rows only. */
  private isConflictClause(from: number, to: number): boolean {
    return this.tokens.slice(from, to).some(({ kind, text }) => kind === 'word' && CONFLICTS.has(text));
  }

  /**
   * Returns the index of the JOIN that the ON at `start` belongs to, if it is a LEFT or INNER JOIN: these omit rows of
   * the right side that do not match. Otherwise Infinity.
   */
  private joinBefore(start: number, bracket: number): number {
    for (let i = start - 1; i > 0; i -= 1) {
      if (this.bracketOf(i) !== bracket) continue;
      const { kind, text } = this.tokens[i];
      if (BEFORE_JOIN.has(text)) return Infinity;
      if (kind === 'word' && text === 'join') return ['left', 'inner'].includes(this.tokens[i - 1].text) ? i : Infinity;
    }
    return Infinity;
  }

  /** Checks whether the table is the joined one, or one in a parenthesized group of joins. */
  private isJoined(mention: SqlTableReference, bracket: number): boolean {
    if (mention.bracket === bracket) return true;
    const { parents } = this.shape.brackets;
    return parents[mention.bracket] === bracket && this.tokens[mention.token - 1].text === '(';
  }

  /** Returns the number of the set operation's part that contains the token, counted at this parenthesis level. */
  private partOf(token: number, bracket: number): number {
    let part = 0;
    for (let i = 0; i < token; i += 1) {
      const { kind, text } = this.tokens[i];
      if (kind === 'word' && SET_OPERATIONS.has(text) && this.bracketOf(i) === bracket) part += 1;
    }
    return part;
  }

  private bracketOf(i: number): number {
    return this.shape.brackets.ofToken[i];
  }

  /**
   * Checks whether the token opens the level. The parenthesis itself belongs to the level outside, see {@link
   * ParenTree}.
   */
  private isOpeningOf(i: number, bracket: number): boolean {
    return this.shape.brackets.opening[bracket] === i;
  }

  private isClosingOf(i: number, bracket: number): boolean {
    return this.shape.brackets.closing[bracket] === i;
  }
}
