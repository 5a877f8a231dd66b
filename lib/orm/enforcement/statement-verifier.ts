import type { EntityMetadata } from 'typeorm';
import { EntityUndeclaredError } from '../../errors/entity-undeclared.error.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { exclusiveScope, resolveAccess } from '../policy/access.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { IdentifierClassifier } from '../sql/identifier-roles.js';
import { readChanges } from '../sql/row-changes.js';
import { StatementCache } from '../sql/statement-cache.js';
import { findDynamicSql } from '../sql/dynamic-sql-detector.js';
import type { ParsedStatement } from '../sql/table-references.js';
import { tokenize } from '../sql/tokenizer.js';
import type { SqlDialect, SqlToken, TokenizeResult } from '../sql/tokenizer.js';

/** What to do about a refused statement. */
export const INSTEAD =
  "Use a repository or query builder. If the statement is meant for all tenants, run it in tenancy.unscoped('why', fn).";

/** Statements that passed. Refusals are not cached: an undeclared entity may be declared later. */
export class VerdictCache extends StatementCache<true> {}

/**
 * Verifies the tables of a statement before it is sent. It is the second enforcement layer: the query builders add the
 * predicates, and a verifier finds tables that reached a statement as text. It refuses statements that it cannot parse.
 */
export abstract class StatementVerifier {
  constructor(
    protected readonly policies: PolicyRegistry,
    protected readonly dialect: SqlDialect,
  ) {}

  /** @param find returns the problem with the statement; its result is cached if there is none */
  protected verdict(
    memory: VerdictCache,
    key: string,
    sql: string,
    find: (tokens: TokenizeResult) => string | undefined,
  ): string | undefined {
    // Verdicts in an unscoped section differ from those in a scope. Unscoped sections for some entities are rare, so
    // they are not cached.
    const memorable = exclusiveScope() !== undefined;
    if (memorable && memory.has(key)) return undefined;
    const problem = find(tokenize(sql, this.dialect));
    if (memorable && problem === undefined) memory.set(key, true);
    return problem;
  }

  protected refuse(problem: string | undefined): void {
    if (problem === undefined) return;
    // Without any scope, TenantScopeMissingError is the more helpful error.
    resolveAccess(undefined);
    throw new StatementRefusedError(problem, INSTEAD);
  }

  /** Finds an UPDATE or DELETE whose cascades would change rows that the scope may not see. */
  protected findCascade(tokens: readonly SqlToken[], shape: ParsedStatement): string | undefined {
    for (const { table, deletes, columns } of readChanges(tokens, shape)) {
      const cascade =
        (deletes ? this.policies.cascadeOfDelete(table) : undefined) ?? this.policies.cascadeOfUpdate(table, columns);
      if (cascade !== undefined)
        return `it would change rows of ${cascade.entity.name} outside the scope, through ${cascade.by}`;
    }
    return undefined;
  }

  protected findUnreadable({ tokens, isAmbiguous }: TokenizeResult, shape: ParsedStatement): string | undefined {
    if (isAmbiguous) return 'it contains syntax that databases parse differently';
    if (shape.mentions.some(({ table }) => table === this.policies.cacheTable))
      return 'the query cache holds results of all tenants';
    const isMapped = (table: string): boolean => this.policies.isMapped(table);
    return findDynamicSql(tokens, shape, { dialect: this.dialect, isMapped }) ?? this.findCteShadowing(shape);
  }

  /**
   * Finds a common table expression with the name of a tenant-scoped table: it would replace the table, in predicates
   * too.
   */
  private findCteShadowing({ cteNames }: ParsedStatement): string | undefined {
    const name = cteNames.find((cte) => this.policies.tenantEntities(cte).length > 0);
    return (
      name && `a common table expression has the name of the table of ${this.policies.tenantEntities(name)[0].name}`
    );
  }

  /**
   * Finds an identifier with the name of a tenant-scoped table that is neither a parsed table reference, nor a
   * qualifier, alias or column. This catches tables that the parser missed.
   */
  protected findUnclassifiedName(tokens: readonly SqlToken[], shape: ParsedStatement): string | undefined {
    const { mentions } = shape;
    const explained = new IdentifierClassifier(tokens, shape, (table) => this.policies.columnNames(table));
    const read = new Set(mentions.flatMap(({ token, aliasToken }) => [token, aliasToken]));
    const found = tokens.find(
      (token, i) => !read.has(i) && this.limitedBehind(token.text).length > 0 && !explained.isNotATable(i),
    );
    return found && this.rawSqlProblem(found.text);
  }

  protected rawSqlProblem(table: string): string {
    const [metadata] = this.limitedBehind(table);
    if (this.policies.of(metadata).kind === 'undeclared') throw new EntityUndeclaredError(metadata.name);
    return `it uses the table of ${metadata.name} in raw SQL`;
  }

  protected limitedBehind(table: string): readonly EntityMetadata[] {
    return this.policies.tenantEntities(table).filter((metadata) => this.isLimited(metadata));
  }

  private isLimited(metadata: EntityMetadata): boolean {
    try {
      return resolveAccess(metadata) !== 'everything';
    } catch {
      return true;
    }
  }
}
