import type { ParsedStatement, SqlTableReference } from './table-references.js';
import { isKeywordAt } from './tokenizer.js';
import type { SqlToken } from './tokenizer.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
/** What may stand beside a predicate, or beside the bracket that it stands in, so that it limits what it stands for. */
const ALLOWED_NEIGHBOURS = words('and');
/** Words that end a WHERE or ON for certain: what comes behind them is no condition of it. */
const AFTER_CONDITION = words('group order union intersect except returning');
/** Words that end a WHERE or ON, unless a database takes them for a name. */
const MAYBE_CLAUSE_KEYWORDS = words(
  'having limit offset fetch for window where left inner join cross right full natural',
);
/** Words and signs by which what stands next to a predicate could undo it. */
const WEAKENING_TOKENS = words(
  'or xor not case when then else end between is isnull notnull in like ilike similar overlaps collate operator any all some select ' +
    ', | & = < > ! [ ]',
);
/** What a name may be compared to beside a predicate. */
const COMPARABLE_KINDS: ReadonlySet<string | undefined> = words('name literal');
/** What cannot stand between a JOIN and its ON. */
const BEFORE_JOIN = words('on select from where union intersect except straight_join ,');
const CONFLICTS = words('conflict do duplicate');
const SET_OPERATIONS = words('union intersect except minus');

/**
 * Matches predicates with the tables that they limit. It is not enough that a predicate stands somewhere: it must be one of the conditions, joined by
 * AND alone, of the WHERE of its table's own SELECT, UPDATE or DELETE, or of the ON by which its table is joined.
 */
export class PredicateMatcher {
  private readonly consumed = new Set<number>();

  constructor(
    private readonly tokens: readonly SqlToken[],
    private readonly shape: ParsedStatement,
  ) {}

  /** Whether there is a predicate for this table that answers for no other one. */
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

  /** Walks outwards from the tokens `first` to `last`, from bracket to bracket, up to the WHERE or ON. */
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
      // An opening bracket: what is inside it counts as one condition further out.
      from = start;
      to = end;
    }
  }

  /** The word or bracket that opens the conditions to the left; undefined when something there could undo them. */
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

  /** The last token of the conditions to the right, a closing bracket included; undefined when something there could undo them. */
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
      // Should it be a name after all, this still belongs to the conditions.
      if (end !== undefined && (text === 'or' || text === 'xor' || text === '|')) return undefined;
      if (end !== undefined) continue;
      if (isNeighbour && !(isKeyword && ALLOWED_NEIGHBOURS.has(text))) return undefined;
      isNeighbour = false;
      if (this.weakens(i)) return undefined;
    }
    return end ?? this.tokens.length - 1;
  }

  /** GROUP and ORDER only before BY: an aggregate has them too. */
  private endsConditions(i: number): boolean {
    const { text } = this.tokens[i];
    return AFTER_CONDITION.has(text) && (!['group', 'order'].includes(text) || this.tokens[i + 1]?.text === 'by');
  }

  /** `LOCK IN SHARE MODE` of MySQL and MariaDB; no condition reads so, since a bracket follows IN there. */
  private locksRows(i: number): boolean {
    return ['lock', 'in', 'share', 'mode'].every((word, at) => this.tokens[i + at]?.text === word);
  }

  private weakens(i: number): boolean {
    const { kind, text } = this.tokens[i];
    if (kind === 'literal' || kind === 'name') return false;
    // The keys of a join are compared right beside the predicate: `"a"."id" = "b"."aId" AND ( … )`.
    if (text === '=') return !(this.tokens[i - 1].kind === 'name' && COMPARABLE_KINDS.has(this.tokens[i + 1]?.kind));
    return WEAKENING_TOKENS.has(text);
  }

  /** Whether the WHERE or ON at `start` is the one that decides about the table's rows. */
  private isClauseOf(start: number, bracket: number, word: string, mention: SqlTableReference): boolean {
    if (this.partOf(start, bracket) !== this.partOf(mention.token, bracket)) return false;
    if (word === 'where') return mention.bracket === bracket && !this.isConflictClause(mention.token, start);
    return mention.token > this.joinBefore(start, bracket) && mention.token < start && this.isJoined(mention, bracket);
  }

  /** The WHERE of ON CONFLICT … DO UPDATE is about the rows that are there already. */
  private isConflictClause(from: number, to: number): boolean {
    return this.tokens.slice(from, to).some(({ kind, text }) => kind === 'word' && CONFLICTS.has(text));
  }

  /** The JOIN that the ON at `start` belongs to; only one that leaves out rows of its right side that do not meet the ON. Infinity for none. */
  private joinBefore(start: number, bracket: number): number {
    for (let i = start - 1; i > 0; i -= 1) {
      if (this.bracketOf(i) !== bracket) continue;
      const { kind, text } = this.tokens[i];
      if (BEFORE_JOIN.has(text)) return Infinity;
      if (kind === 'word' && text === 'join') return ['left', 'inner'].includes(this.tokens[i - 1].text) ? i : Infinity;
    }
    return Infinity;
  }

  /** The joined table itself, or one in the bracket of a group of joins. */
  private isJoined(mention: SqlTableReference, bracket: number): boolean {
    if (mention.bracket === bracket) return true;
    const { parents } = this.shape.brackets;
    return parents[mention.bracket] === bracket && this.tokens[mention.token - 1].text === '(';
  }

  /** Which part of a UNION the token stands in, counted within its bracket. */
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

  /** A bracket's own tokens stand in the bracket around it; the token behind the opening one stands in it. */
  private isOpeningOf(i: number, bracket: number): boolean {
    return this.shape.brackets.opening[bracket] === i;
  }

  private isClosingOf(i: number, bracket: number): boolean {
    return this.shape.brackets.closing[bracket] === i;
  }
}
