import { BoundedCache } from '../../common/bounded-cache.js';
import type { EntityMetadata } from 'typeorm';
import { EntityUndeclaredError } from '../../errors/entity-undeclared.error.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { resolveAccess, isUnscoped, exclusiveScope } from '../policy/access.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { PredicateMatcher } from '../sql/predicate-matcher.js';
import type { RowSet } from '../policy/tenant-policy.js';
import { RefusalLog } from './refusal-log.js';
import type { BuiltInsert } from '../writes/statement-context.js';
import { IdentifierClassifier } from '../sql/identifier-roles.js';
import { readChanges } from '../sql/row-changes.js';
import { findDynamicSql } from '../sql/dynamic-sql-detector.js';
import { isAllowed } from '../sql/session-statement.allow-list.js';
import type { RunnerState } from '../sql/session-statement.allow-list.js';
import { parseStatement } from '../sql/table-references.js';
import type { ParsedStatement, SqlTableReference } from '../sql/table-references.js';
import { tokenize } from '../sql/tokenizer.js';
import type { SqlDialect, SqlToken, TokenizeResult } from '../sql/tokenizer.js';

/** Maximum number of cached verdicts per cache, and the maximum length of a cached text. */
const REMEMBERED = 2000;
const REMEMBERED_LENGTH = 20_000;

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
const INSTEAD =
  "Use a repository or query builder. If the statement is meant for all tenants, run it in tenancy.unscoped('why', fn).";

/**
 * Verifies the tables of statements before they are sent. It is the second enforcement layer: the query builders add
 * the predicates, and the auditor finds tables that reached a statement as text. It refuses statements that it cannot
 * parse.
 */
export class StatementAuditor {
  /** Statements that passed. Refusals are not cached: an undeclared entity may be declared later. */
  private readonly reads = new BoundedCache<string, true>(REMEMBERED);
  private readonly writes = new BoundedCache<string, true>(REMEMBERED);
  private readonly raw = new BoundedCache<string, true>(REMEMBERED);
  private readonly refused = new RefusalLog();

  constructor(
    private readonly policies: PolicyRegistry,
    private readonly dialect: SqlDialect,
  ) {}

  /**
   * Verifies a built statement: every tenant-scoped table in it must have its predicate.
   *
   * @param sql with named parameters
   * @param inserts the inserts that scoped builders built for this statement
   * @throws StatementRefusedError or TenantScopeMissingError
   */
  verifyBuilt(sql: string, inserts: readonly BuiltInsert[]): void {
    if (isUnscoped()) return;
    const memory = inserts.length === 0 ? this.reads : this.writes;
    this.refuse(
      this.verdict(memory, keyOf(sql, inserts), sql, (tokens) => this.findMissingPredicate(sql, tokens, inserts)),
    );
  }

  /**
   * Verifies raw SQL: it must not name a tenant-scoped table, nor build SQL dynamically.
   *
   * @throws StatementRefusedError or TenantScopeMissingError
   */
  verifyRaw(sql: string, state: RunnerState): void {
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

  private verdict(
    memory: BoundedCache<string, true>,
    key: string,
    sql: string,
    find: (tokens: TokenizeResult) => string | undefined,
  ): string | undefined {
    // Verdicts in an unscoped section differ from those in a scope. Unscoped sections for some entities are rare, so they are
    // not cached.
    const memorable = exclusiveScope() !== undefined && key.length <= REMEMBERED_LENGTH;
    if (memorable && memory.has(key)) return undefined;
    const problem = find(tokenize(sql, this.dialect));
    if (memorable && problem === undefined) memory.set(key, true);
    return problem;
  }

  private refuse(problem: string | undefined): void {
    if (problem === undefined) return;
    // Without any scope, TenantScopeMissingError is the more helpful error.
    resolveAccess(undefined);
    throw new StatementRefusedError(problem, INSTEAD);
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

  /** Finds an UPDATE or DELETE whose cascades would change rows that the scope may not see. */
  private findCascade(tokens: readonly SqlToken[], shape: ParsedStatement): string | undefined {
    for (const { table, deletes, columns } of readChanges(tokens, shape)) {
      const cascade =
        (deletes ? this.policies.cascadeOfDelete(table) : undefined) ?? this.policies.cascadeOfUpdate(table, columns);
      if (cascade !== undefined)
        return `it would change rows of ${cascade.entity.name} outside the scope, through ${cascade.by}`;
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

  private findUnreadable({ tokens, isAmbiguous }: TokenizeResult, shape: ParsedStatement): string | undefined {
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
  private findUnclassifiedName(tokens: readonly SqlToken[], shape: ParsedStatement): string | undefined {
    const { mentions } = shape;
    const explained = new IdentifierClassifier(tokens, shape, (table) => this.policies.columnNames(table));
    const read = new Set(mentions.flatMap(({ token, aliasToken }) => [token, aliasToken]));
    const found = tokens.find(
      (token, i) => !read.has(i) && this.limitedBehind(token.text).length > 0 && !explained.isNotATable(i),
    );
    return found && this.rawSqlProblem(found.text);
  }

  private rawSqlProblem(table: string): string {
    const [metadata] = this.limitedBehind(table);
    if (this.policies.of(metadata).kind === 'undeclared') throw new EntityUndeclaredError(metadata.name);
    return `it uses the table of ${metadata.name} in raw SQL`;
  }

  private limitedBehind(table: string): readonly EntityMetadata[] {
    return this.policies.tenantEntities(table).filter((metadata) => this.isLimited(metadata));
  }

  private isLimited(metadata: EntityMetadata): boolean {
    try {
      return resolveAccess(metadata) !== 'everything';
    } catch {
      return true;
    }
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
