import { isUnscoped } from '../policy/access.js';
import { isAllowed } from '../sql/session-statement.allow-list.js';
import type { RunnerState } from '../sql/session-statement.allow-list.js';
import { parseStatement } from '../sql/table-references.js';
import type { ParsedStatement } from '../sql/table-references.js';
import type { SqlToken, TokenizeResult } from '../sql/tokenizer.js';
import { RefusalLog } from './refusal-log.js';
import { INSTEAD, StatementVerifier, VerdictCache } from './statement-verifier.js';

/**
 * Verbs of statements whose table positions the parser knows. Other raw SQL is refused, apart from allow-listed session
 * statements and TRUNCATE of one table.
 */
const READABLE_VERBS = new Set([
  'select',
  'with',
  'values',
  'insert',
  'update',
  'delete',
  'replace',
  'upsert',
  'explain',
]);

/** Verifies raw SQL, i.e. every statement that no query builder of a DataSource renders. */
export class RawSqlVerifier extends StatementVerifier {
  private readonly raw = new VerdictCache();
  private readonly refused = new RefusalLog();

  /**
   * Verifies a statement: it must not name a tenant-scoped table, nor build SQL dynamically.
   *
   * @throws StatementRefusedError or TenantScopeMissingError
   */
  verify(sql: string, state: RunnerState): void {
    if (isUnscoped()) return;
    const key = `${state.isTransactionControl ? 'c' : ''}${state.inTransaction ? 't' : ''} ${sql}`;
    let problem: string | undefined;
    try {
      problem = this.verdict(this.raw, key, sql, (tokens) => this.findTenantTable(tokens, state));
    } catch (error) {
      this.refused.log(sql, (error as Error).message);
      throw error;
    }
    if (problem !== undefined) this.refused.log(sql, `${problem}. ${INSTEAD}`);
    this.refuse(problem);
  }

  private findTenantTable(read: TokenizeResult, state: RunnerState): string | undefined {
    const { tokens } = read;
    if (isAllowed(tokens, state)) return undefined;
    const shape = parseStatement(tokens);
    const problem = this.findUnreadable(read, shape);
    if (problem !== undefined) return problem;
    const verb = shape.verbs.find((word) => !READABLE_VERBS.has(word));
    if (verb !== undefined && !this.empties(tokens, shape))
      return `${verb.toUpperCase()} neither reads nor writes rows, and may affect all tenants`;
    const mention = shape.mentions.find(({ table }) => this.limitedBehind(table).length > 0);
    if (mention !== undefined) return this.rawSqlProblem(mention.table);
    return this.findCascade(tokens, shape) ?? this.findUnclassifiedName(tokens, shape);
  }

  /**
   * Checks for `TRUNCATE TABLE name` on an entity's table, as `clear()` sends it. Without CASCADE it empties no other
   * table.
   */
  private empties(tokens: readonly SqlToken[], { verbs, mentions }: ParsedStatement): boolean {
    if (verbs.length !== 1 || verbs[0] !== 'truncate' || mentions.length !== 1) return false;
    return mentions[0].token === tokens.length - 1 && this.policies.isMapped(mentions[0].table);
  }
}
