import type { Driver, EntityMetadata } from 'typeorm';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { ParentJoin, RowSet, ScopedPolicy, TenantColumn, TenantPolicy } from './tenant-policy.js';
import { exactlyEqual } from './collation.js';
import { scopeParameter } from './scope-parameters.js';

/** Prefix of the table aliases inside a predicate. */
const PARENT_ALIAS = 'muck_parent_';

type ColumnsPolicy = Extract<ScopedPolicy, { kind: 'columns' }>;
type ParentsPolicy = Extract<ScopedPolicy, { kind: 'parents' }>;

/** The parts of the policy registry that a predicate is rendered from. */
interface PredicateSource {
  readonly driver: Driver;
  of(metadata: EntityMetadata): TenantPolicy;
  mayBeShared(metadata: EntityMetadata): boolean;
  table(metadata: EntityMetadata): string;
  predicateSql(metadata: EntityMetadata, qualifier: string, rows: RowSet): string;
}

/** Renders the predicates that limit tables to the rows of a tenant. */
export class PredicateText {
  constructor(private readonly policies: PredicateSource) {}

  /**
   * Renders the predicate of a tenant-scoped entity. Callers join it by AND without parentheses, so it must not have an
   * OR on its outermost level.
   *
   * @param qualifier the alias or table name that the statement uses, escaped
   */
  render(metadata: EntityMetadata, qualifier: string, rows: RowSet): string {
    const policy = this.policies.of(metadata) as ScopedPolicy;
    return policy.kind === 'columns'
      ? this.columnsText(policy, qualifier, rows)
      : this.parentsText(policy, qualifier, rows);
  }

  private columnsText({ columns, sharedIfNull }: ColumnsPolicy, qualifier: string, rows: RowSet): string {
    const equal = (these: readonly TenantColumn[]): string =>
      these.map((tenant) => this.equals(qualifier, tenant)).join(' AND ');
    if (rows === 'own' || sharedIfNull.length === 0) return equal(columns);
    const required = columns.filter((tenant) => !sharedIfNull.includes(tenant));
    const areNull = sharedIfNull.map(({ column }) => `${this.name(qualifier, column.databaseName)} IS NULL`);
    const [own, shared] = [equal(sharedIfNull), areNull.join(' AND ')].map((text) =>
      text.includes(' AND ') ? `(${text})` : text,
    );
    const either = `(${own} OR ${shared})`;
    return required.length === 0 ? either : `${equal(required)} AND ${either}`;
  }

  /**
   * Renders EXISTS conditions for the parents. For `rows = 'own'`, a row with several owners needs one owned by the
   * tenant. That condition is omitted if one of the owners is an entity without shared rows: its EXISTS proves the
   * same.
   */
  private parentsText({ parents, owners }: ParentsPolicy, qualifier: string, rows: RowSet): string {
    const isOwn = (link: ParentJoin): boolean => rows === 'own' && owners.length === 1 && owners.includes(link);
    const exist = parents.map((link) => this.parentExists(link, qualifier, isOwn(link) ? 'own' : 'visible'));
    const isLimitedFurther =
      rows === 'own' && owners.length > 1 && owners.every(({ parent }) => this.policies.mayBeShared(parent));
    if (isLimitedFurther)
      exist.push(`(${owners.map((link) => this.parentExists(link, qualifier, 'own')).join(' OR ')})`);
    return exist.join(' AND ');
  }

  private equals(qualifier: string, { key, column }: TenantColumn): string {
    const name = this.name(qualifier, column.databaseName);
    const parameter = `:${scopeParameter(key, column)}`;
    const isText = getScopeDeclaration()[key] === String;
    return exactlyEqual(column, this.policies.driver, { name, parameter, isText });
  }

  private parentExists({ parent, columns }: ParentJoin, qualifier: string, rows: RowSet): string {
    const alias = this.policies.driver.escape(parentAlias(qualifier));
    const join = columns
      .map(
        ({ own, referenced }) =>
          `${this.name(alias, referenced.databaseName)} = ${this.name(qualifier, own.databaseName)}`,
      )
      .join(' AND ');
    const limit = this.policies.predicateSql(parent, alias, rows);
    return `EXISTS (SELECT 1 FROM ${this.policies.table(parent)} ${alias} WHERE ${join} AND ${limit})`;
  }

  private name(qualifier: string, column: string): string {
    return `${qualifier}.${this.policies.driver.escape(column)}`;
  }
}

/**
 * Returns the alias of the parent's table: inside a predicate's own sub-query the next number, so that it does not hide
 * the outer alias.
 */
function parentAlias(qualifier: string): string {
  const inside = new RegExp(`^.${PARENT_ALIAS}(\\d+).$`).exec(qualifier);
  return `${PARENT_ALIAS}${inside === null ? 1 : Number(inside[1]) + 1}`;
}
