import { Logger } from '@nestjs/common';
import { RawSqlVerifier } from '../../orm/enforcement/raw-sql.verifier.js';
import type { PolicyRegistry } from '../../orm/policy/policy-registry.js';
import type { SqlDialect } from '../../orm/sql/tokenizer.js';
import { runWithScope } from '../../tenancy/context/tenant-context.js';
import { getScopeDeclaration, validateScope } from '../../tenancy/context/tenant-scope.js';
import type { AuditedSql } from './audit-report.js';
import type { SourceSql } from './scan-source.js';

/** How application code sends raw SQL, without row-level security. */
const SENT = { inTransaction: false, isTransactionControl: false, isRowSecured: false };

/** Verifies the raw SQL of the source as the query runner does in the scope of a tenant. */
export function auditSql(found: readonly SourceSql[], policies: PolicyRegistry, dialect: SqlDialect): AuditedSql[] {
  // The verifier logs what it refuses; the audit reports it.
  Logger.overrideLogger(false);
  const verifier = new RawSqlVerifier(policies, dialect);
  return found.map(({ sql, isUnscoped, file, line }): AuditedSql => {
    if (isUnscoped) return { file, line, verdict: 'unscoped', why: 'runs over all tenants' };
    if (sql === undefined) return { file, line, verdict: 'unknown', why: 'query() of a text that is not a literal' };
    try {
      runWithScope(anyScope(), () => verifier.verify(sql, SENT));
      return { file, line, verdict: 'allowed', why: 'names no tenant-scoped table' };
    } catch (error) {
      // The advice after the first sentence is the same for every statement.
      const why = (error as Error).message.replace(/^Statement refused: |\. Use a repository[^]*/g, '');
      return { file, line, verdict: 'refused', why };
    }
  });
}

/** Returns a scope of the declared types: the verifier asks only whether there is one. */
function anyScope(): ReturnType<typeof validateScope> {
  const values = Object.entries(getScopeDeclaration()).map(([key, type]) => [
    key,
    type === Number ? 1 : type === BigInt ? 1n : '1',
  ]);
  return validateScope(Object.fromEntries(values));
}
