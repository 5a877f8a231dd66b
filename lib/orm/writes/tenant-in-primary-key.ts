import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import type { ValidScope } from '../../tenancy/context/tenant-scope.js';
import { isUnscoped } from '../policy/access.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import type { TenantColumn } from '../policy/tenant-policy.js';

/** Unsets the properties that were set. */
export type Undo = () => void;

/**
 * Returns the scope that limits an entity; undefined outside of a scope, and in an unscoped section for the
 * entity.
 */
function scopeOver(metadata: EntityMetadata): ValidScope | undefined {
  return isUnscoped(metadata) ? undefined : currentContext()?.scope;
}

/** Returns the tenant columns of an entity's primary key, without generated ones. */
function tenantsOfKey(metadata: EntityMetadata, policies: PolicyRegistry): readonly TenantColumn[] {
  const policy = policies.of(metadata);
  if (policy.kind !== 'columns') return [];
  return policy.columns.filter(({ column }) => column.isPrimary && !column.isGenerated);
}

/**
 * Checks whether the primary key has other columns beside the tenant. In a table of tenants the tenant is the whole
 * key.
 */
function isPartOfKey(metadata: EntityMetadata, tenants: readonly TenantColumn[]): boolean {
  return tenants.length > 0 && tenants.length < metadata.primaryColumns.length;
}

/**
 * Sets the tenant columns of primary keys in rows that omit them: TypeORM identifies rows by whole keys, and the tenant
 * comes from the scope. A value that is set stays, and the statement checks it.
 */
export function setTenantsOfKeys(
  metadata: EntityMetadata,
  rows: readonly ObjectLiteral[],
  policies: PolicyRegistry,
): Undo {
  const scope = scopeOver(metadata);
  const set: Undo[] = [];
  if (scope === undefined) return () => undefined;
  for (const { key, column } of tenantsOfKey(metadata, policies)) {
    for (const row of rows) {
      if (!Object.isExtensible(row) || column.getEntityValue(row) !== undefined) continue;
      column.setEntityValue(row, scope.values[key]);
      set.push(() => column.setEntityValue(row, undefined));
    }
  }
  return () => set.forEach((undo) => undo());
}

/** Works like {@link setTenantsOfKeys}, for entities and everything that is loaded with them. */
export function setTenantsInGraph(
  metadata: EntityMetadata,
  entities: readonly ObjectLiteral[],
  policies: PolicyRegistry,
): Undo {
  const seen = new Set<ObjectLiteral>();
  const undos: Undo[] = [];
  const visit = (of: EntityMetadata, entity: ObjectLiteral): void => {
    if (seen.has(entity)) return;
    seen.add(entity);
    const own = of.findInheritanceMetadata(entity);
    if (isPartOfKey(own, tenantsOfKey(own, policies))) undos.push(setTenantsOfKeys(own, [entity], policies));
    for (const relation of own.relations) {
      if (relation.isLazy) continue;
      const related: unknown = relation.getEntityValue(entity);
      for (const one of Array.isArray(related) ? (related as unknown[]) : [related])
        if (isRow(one)) visit(relation.inverseEntityMetadata, one);
    }
  };
  for (const entity of entities) visit(metadata, entity);
  return () => undos.forEach((undo) => undo());
}

/**
 * Returns a row with the tenant of its key: a copy if the tenant was omitted, or an object if only the value of the
 * other key column was given.
 *
 * @param row an entity, an object with its key, or the key's value
 */
export function withTenantOfKey(metadata: EntityMetadata, row: unknown, policies: PolicyRegistry): unknown {
  const scope = scopeOver(metadata);
  const tenants = tenantsOfKey(metadata, policies);
  if (scope === undefined || row === null || row === undefined || !isPartOfKey(metadata, tenants)) return row;
  const others = metadata.primaryColumns.filter((column) => !tenants.some((tenant) => tenant.column === column));
  if (!isRow(row) && others.length > 1) return row;
  const whole: ObjectLiteral = isRow(row)
    ? Object.assign(Object.create(Object.getPrototypeOf(row) as object) as ObjectLiteral, row)
    : {};
  if (!isRow(row)) others[0].setEntityValue(whole, row);
  setTenantsOfKeys(metadata, [whole], policies);
  return whole;
}

function isRow(value: unknown): value is ObjectLiteral {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !ArrayBuffer.isView(value);
}
