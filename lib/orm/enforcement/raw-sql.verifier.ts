import { EntityUndeclaredError } from '../../errors/entity-undeclared.error.js';
import { exclusiveScope, isUnscoped } from '../policy/access.js';
import { unguardedReferences } from '../row-security/unguarded-references.js';
import { readChanges } from '../sql/row-changes.js';
import { isIdentifier } from '../sql/tokenizer.js';
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

/** Verbs of statements that row-level security limits. EXPLAIN is not one: it counts the rows that policies remove. */
const SECURED_VERBS = new Set(['select', 'with', 'values', 'insert', 'update', 'delete']);

/** Verifies raw SQL, i.e. every statement that no query builder of a DataSource renders. */
export class RawSqlVerifier extends StatementVerifier {
  private readonly raw = new VerdictCache();
  private readonly secured = new VerdictCache();
  private readonly refused = new RefusalLog();
  /**
   * Functions of the database that a statement under row-level security must not name, in lower case. The start finds
   * them.
   */
  refusedFunctions: ReadonlySet<string> = new Set();

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
      problem = this.verdict(state.isRowSecured ? this.secured : this.raw, key, sql, (tokens) =>
        this.findTenantTable(tokens, state),
      );
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
    if (state.isRowSecured && this.isSecured(shape)) return this.findUnsecured(tokens, shape);
    const mention = shape.mentions.find(({ table }) => this.limitedBehind(table).length > 0);
    if (mention !== undefined) return this.rawSqlProblem(mention.table);
    return this.findCascade(tokens, shape) ?? this.findUnclassifiedName(tokens, shape);
  }

  /**
   * Checks whether the database limits a statement to the current scope. In an unscoped section for some entities it
   * does not: the role of such code sees the rows of all.
   */
  private isSecured({ verbs }: ParsedStatement): boolean {
    return exclusiveScope() !== undefined && verbs.length === 1 && verbs.every((verb) => SECURED_VERBS.has(verb));
  }

  /** Finds what row-level security cannot stop in a statement that it limits otherwise. */
  private findUnsecured(tokens: readonly SqlToken[], shape: ParsedStatement): string | undefined {
    // It would set another tenant for the rest of the statement, even if for no longer.
    if (tokens.some((token) => isIdentifier(token) && token.text === 'set_config'))
      return 'set_config() could change the scope that row-level security reads';
    const called = tokens.find((token) => isIdentifier(token) && this.refusedFunctions.has(token.text));
    if (called !== undefined)
      return `the function ${called.text} of this database may change settings, or runs with the rights of its owner`;
    const undeclared = shape.mentions
      .flatMap(({ table }) => this.policies.tenantEntities(table))
      .find((metadata) => this.policies.of(metadata).kind === 'undeclared');
    if (undeclared !== undefined) throw new EntityUndeclaredError(undeclared.name);
    return (
      this.findUnguardedReference(tokens, shape) ??
      this.findCascade(tokens, shape) ??
      this.findUnclassifiedName(tokens, shape)
    );
  }

  /** Finds a write to a column whose foreign key PostgreSQL checks past every policy. */
  private findUnguardedReference(tokens: readonly SqlToken[], shape: ParsedStatement): string | undefined {
    const changes = [
      ...shape.mentions.filter(({ inserted }) => inserted).map(({ table }) => ({ table, columns: undefined })),
      ...readChanges(tokens, shape).filter(({ deletes }) => !deletes),
    ];
    for (const { table, columns } of changes) {
      for (const metadata of this.policies.tenantEntities(table)) {
        const key = unguardedReferences(metadata, this.policies).find((reference) =>
          reference.columns.some(({ databaseName }) => columns?.includes(databaseName.toLowerCase()) ?? true),
        );
        if (key !== undefined)
          return (
            `it may set ${metadata.name}.${key.columns[0].propertyPath} to a row of another tenant: ` +
            'the foreign key does not include the tenant (npx nestjs-muck rls check proposes one)'
          );
      }
    }
    return undefined;
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
