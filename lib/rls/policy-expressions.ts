import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../common/peer-internals.js';
import type { PolicyRegistry } from '../orm/policy/policy-registry.js';
import type { ParentJoin, ScopedPolicy, TenantColumn } from '../orm/policy/tenant-policy.js';
import { settingOf } from '../orm/row-security/scope-settings.js';
import { getScopeDeclaration } from '../tenancy/context/tenant-scope.js';
import { quoteLiteral } from './quote.js';

/** Types that PostgreSQL compares with text. */
const TEXT_TYPES = new Set(['character varying', 'varchar', 'text']);
const INTEGERS = /int|serial/;

/**
 * The conditions of an entity's row-level security policies. They are rendered from the compiled declaration, and apart
 * from it share no code with the predicates of the query builders: each of the two layers can find a mistake in the
 * other.
 */
export class PolicyExpressions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly policies: PolicyRegistry,
  ) {}

  /** Returns the condition of the rows that a tenant may write. It reads them too. */
  own(metadata: EntityMetadata): string {
    return this.ownRows(metadata, this.escape(metadata.tableName));
  }

  /**
   * Returns the condition of the rows that a tenant may only read: their tenant columns, or those of their parents, are
   * NULL. Undefined if there are none.
   */
  shared(metadata: EntityMetadata): string | undefined {
    if (!this.policies.mayBeShared(metadata)) return undefined;
    const qualifier = this.escape(metadata.tableName);
    const policy = this.policies.of(metadata) as ScopedPolicy;
    if (policy.kind === 'parents') return this.parentsExist(policy.parents, qualifier);
    const { columns, sharedIfNull } = policy;
    const conditions = columns.map((tenant) =>
      sharedIfNull.includes(tenant)
        ? // Without a scope, defaults are not visible either.
          `${this.name(qualifier, tenant.column)} IS NULL AND (SELECT ${settingValue(tenant.key)}) IS NOT NULL`
        : this.equals(qualifier, tenant),
    );
    return conditions.join(' AND ');
  }

  private ownRows(metadata: EntityMetadata, qualifier: string): string {
    const policy = this.policies.of(metadata) as ScopedPolicy;
    if (policy.kind === 'columns') return policy.columns.map((tenant) => this.equals(qualifier, tenant)).join(' AND ');
    const { parents, owners } = policy;
    const visible = this.parentsExist(parents, qualifier);
    // Of an owner without shared rows, a visible row is the tenant's own.
    if (!owners.every(({ parent }) => this.policies.mayBeShared(parent))) return visible;
    const own = owners.map((link) => this.parentExists(link, qualifier, true)).join(' OR ');
    return `${visible} AND (${own})`;
  }

  private parentsExist(parents: readonly ParentJoin[], qualifier: string): string {
    return parents.map((link) => this.parentExists(link, qualifier, false)).join(' AND ');
  }

  /** Renders EXISTS for a parent. The parent's own policies limit it to visible rows. */
  private parentExists({ parent, columns }: ParentJoin, qualifier: string, own: boolean): string {
    const alias = this.escape(parentAlias(qualifier));
    const conditions = columns.map(
      (pair) => `${this.name(alias, pair.referenced)} = ${this.name(qualifier, pair.own)}`,
    );
    if (own) conditions.push(this.ownRows(parent, alias));
    return `EXISTS (SELECT 1 FROM ${this.policies.table(parent)} ${alias} WHERE ${conditions.join(' AND ')})`;
  }

  /** Renders the comparison of a tenant column with the setting, in a form that an index on the column serves. */
  private equals(qualifier: string, { key, column }: TenantColumn): string {
    const name = this.name(qualifier, column);
    const type = this.dataSource.driver.normalizeType(column);
    // A sub-query is evaluated once for each statement, not for each row.
    if (getScopeDeclaration()[key] !== String)
      return `${name} = (SELECT ${settingValue(key)}::${INTEGERS.test(type) ? 'bigint' : 'numeric'})`;
    if (type === 'uuid') return `${name} = (SELECT ${settingValue(key)}::uuid)`;
    const value = `(SELECT ${settingValue(key)})`;
    if (!TEXT_TYPES.has(type)) return `${name}::text = ${value}`;
    const equal = `${name} = ${value}`;
    // A declared collation may be nondeterministic: two tenants' keys would be equal.
    return column.collation === undefined ? equal : `${equal} AND ${name} COLLATE "C" = ${value}`;
  }

  private name(qualifier: string, column: ColumnMetadata): string {
    return `${qualifier}.${this.escape(column.databaseName)}`;
  }

  private escape(name: string): string {
    return this.dataSource.driver.escape(name);
  }
}

/**
 * Renders the value of a scope key; NULL if the setting is missing. After a transaction that has set it, PostgreSQL
 * leaves it as an empty string.
 */
function settingValue(key: string): string {
  return `NULLIF(current_setting(${quoteLiteral(settingOf(key))}, true), '')`;
}

/** Returns the alias of a parent's table, numbered by depth so that it does not hide the outer one. */
function parentAlias(qualifier: string): string {
  const outer = /^"muck_parent_(\d+)"$/.exec(qualifier);
  return `muck_parent_${outer === null ? 1 : Number(outer[1]) + 1}`;
}
