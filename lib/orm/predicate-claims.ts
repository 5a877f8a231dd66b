import type { StatementShape, TableMention } from './sql/mentions.js';
import type { SqlToken } from './sql/tokens.js';

/** Matches predicates with the tables that they limit: each occurrence answers for one table, in the same bracket or next to it. */
export class PredicateClaims {
  private readonly taken = new Set<number>();

  constructor(
    private readonly tokens: readonly SqlToken[],
    private readonly shape: StatementShape,
  ) {}

  take({ bracket }: TableMention, predicate: readonly SqlToken[]): boolean {
    if (predicate.length === 0) return false;
    for (let at = 0; at + predicate.length <= this.tokens.length; at += 1) {
      if (this.taken.has(at) || !this.limits(at, bracket) || !this.standsAt(at, predicate)) continue;
      this.taken.add(at);
      return true;
    }
    return false;
  }

  private standsAt(at: number, predicate: readonly SqlToken[]): boolean {
    return predicate.every(
      ({ kind, text }, i) => this.tokens[at + i].kind === kind && this.tokens[at + i].text === text,
    );
  }

  /** A predicate stands in the bracket of its table, one deeper (`WHERE ( … )`), or beside it (a join group). */
  private limits(at: number, bracket: number): boolean {
    const { parents, ofToken } = this.shape.brackets;
    const own = ofToken[at];
    return own === bracket || parents[own] === bracket || own === parents[bracket] || parents[own] === parents[bracket];
  }
}
