import { tenancyOfEntity } from '../../orm/policy/policy-compiler.js';
import { currentScope } from '../../tenancy/context/tenant-context.js';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';
import { isHidden } from '../model/hidden-columns.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { Resource } from '../resource/resource.js';
import { isSameValue } from '../model/value-equality.js';

type Claims = Readonly<Record<string, unknown>>;

/**
 * Returns the errors of server-owned columns in the body of a new row. It may only contain the tenant that the row will
 * have.
 */
export function serverOwnedErrorsOnCreate(resource: Resource, claims: Claims): RequestError[] {
  return Object.entries(claims)
    .filter(([property, claim]) => {
      const column = resource.column(property);
      if (!column.tenant || claim === null) return true;
      return !isSameValue(column.type, column.type.fromJson(claim), tenantValue(resource, column));
    })
    .map(([property]) => bodyError(property, `${property} is server-owned and must not be set`, 'serverOwned'));
}

/** Returns the errors of server-owned columns in the body of a stored row. It may only repeat the row's values. */
export function serverOwnedErrorsOnUpdate(resource: Resource, claims: Claims, row: object): RequestError[] {
  const shown = resource.serializer.serialize(row, undefined) as Readonly<Record<string, unknown>>;
  return Object.entries(claims)
    .filter(([property, claim]) => {
      const column = resource.column(property);
      const { metadata, type } = column;
      // Always an error for hidden columns, so that a client cannot find out their values by guessing.
      if (isHidden(column)) return true;
      const stored: unknown = metadata.getEntityValue(row);
      const isStored = claim === null ? stored === null : isSameValue(type, type.fromJson(claim), stored);
      const isShown = JSON.stringify(shown[resource.shown.get(property)?.key ?? property]) === JSON.stringify(claim);
      return !isStored && !isShown;
    })
    .map(([property]) => bodyError(property, `${property} is server-owned and must not be changed`, 'serverOwned'));
}

function tenantValue({ metadata }: Resource, { property }: ResourceColumn): unknown {
  const declaration = tenancyOfEntity(metadata);
  const renamed = declaration?.kind === 'scoped' ? (declaration.options.columns ?? {}) : {};
  const key = Object.keys(renamed).find((name) => renamed[name] === property) ?? property;
  return currentScope()?.[key];
}
