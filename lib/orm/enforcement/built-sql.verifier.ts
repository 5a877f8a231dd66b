import type { EntityMetadata } from 'typeorm';
import type { RowSet } from '../policy/tenant-policy.js';
import { PredicateMatcher } from '../sql/predicate-matcher.js';
import { parseStatement } from '../sql/table-references.js';
import type { SqlTableReference } from '../sql/table-references.js';
import { isUnscoped } from '../policy/access.js';
import { tokenize } from '../sql/tokenizer.js';
import type { SqlToken, TokenizeResult } from '../sql/tokenizer.js';
import type { BuiltInsert } from '../writes/statement-context.js';
import { StatementVerifier, VerdictCache } from './statement-verifier.js';

/** Verifies the SQL that a query builder renders. */
export class BuiltSqlVerifier extends StatementVerifier {
  private readonly reads = new VerdictCache();
  private readonly writes = new VerdictCache();

  /**
   * Verifies a statement: every tenant-scoped table in it must have its predicate.
   *
   * @param sql with named parameters
   * @param inserts the inserts that scoped builders built for this statement
   * @throws StatementRefusedError or TenantScopeMissingError
   */
  verify(sql: string, inserts: readonly BuiltInsert[]): void {
    if (isUnscoped()) return;
    const memory = inserts.length === 0 ? this.reads : this.writes;
    this.refuse(
      this.verdict(memory, keyOf(sql, inserts), sql, (tokens) => this.findMissingPredicate(sql, tokens, inserts)),
    );
  }

  private findMissingPredicate(sql: string, read: TokenizeResult, inserts: readonly BuiltInsert[]): string | undefined {
    const { tokens, comments } = read;
    const shape = parseStatement(tokens);
    const unreadable = this.findUnreadable(read, shape);
    if (unreadable !== undefined) return unreadable;
    if (shape.verbs.length > 1) return 'it contains more than one statement';
    if (comments.some((comment) => !isOwnComment(comment, sql))) return 'it contains a comment';

    const expected = [...inserts];
    const claims = new PredicateMatcher(tokens, shape);
    for (const mention of shape.mentions) {
      const limited = this.limitedBehind(mention.table);
      if (limited.length === 0) continue;
      if (mention.inserted) {
        const at = tokens[mention.token].start;
        const index = expected.findIndex(({ table, text }) => table === mention.table && standsAround(sql, text, at));
        if (index === -1) return `it inserts into ${limited[0].name} with raw SQL`;
        expected.splice(index, 1);
      } else if (!limited.some((metadata) => this.isLimitedBy(claims, mention, metadata))) {
        return `it reads ${limited[0].name} without its tenant predicate`;
      }
    }
    return this.findCascade(tokens, shape) ?? this.findUnclassifiedName(tokens, shape);
  }

  /**
   * Matches a table reference with its predicate. A changed table needs the narrower predicate of the tenant's own
   * rows.
   */
  private isLimitedBy(claims: PredicateMatcher, mention: SqlTableReference, metadata: EntityMetadata): boolean {
    const sets: readonly RowSet[] =
      mention.changed || !this.policies.mayBeShared(metadata) ? ['own'] : ['visible', 'own'];
    return sets.some((rows) => claims.consume(mention, this.predicateTokens(metadata, mention, rows)));
  }

  private predicateTokens(metadata: EntityMetadata, { alias }: SqlTableReference, rows: RowSet): readonly SqlToken[] {
    const { driver } = this.policies;
    const qualifier = alias === undefined ? this.policies.table(metadata) : driver.escape(alias);
    const text = this.policies.predicateSql(metadata, qualifier, rows);
    return tokenize(text, this.dialect).tokens;
  }
}

function keyOf(sql: string, inserts: readonly BuiltInsert[]): string {
  return inserts.length === 0 ? sql : JSON.stringify([sql, ...inserts.map(({ table, text }) => [table, text])]);
}

/** Checks whether an occurrence of `text` in the statement covers the character at `at`. */
function standsAround(sql: string, text: string, at: number): boolean {
  for (let start = sql.indexOf(text); start !== -1 && start <= at; start = sql.indexOf(text, start + 1)) {
    if (at < start + text.length) return true;
  }
  return false;
}

/**
 * Checks for comments that TypeORM itself writes: that of `comment()` at the very beginning, and MySQL's time limit.
 */
function isOwnComment(comment: string, sql: string): boolean {
  return sql.startsWith(comment) || /^\/\*\+ MAX_EXECUTION_TIME\(\d+\) \*\/$/.test(comment);
}
