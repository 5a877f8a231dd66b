import type { EntityMetadata } from 'typeorm';
import { TenantScopeMissingError } from '../../errors/tenant-scope-missing.error.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import type { TenantContext } from '../../tenancy/context/tenant-context.js';
import type { EntityRef } from '../../tenancy/context/entity-ref.js';
import type { ValidScope } from '../../tenancy/context/tenant-scope.js';

/** The access of the running code to a tenant-scoped entity: the rows of all tenants, or those of one scope. */
export type Access = 'everything' | ValidScope;

/**
 * Returns the access that the running code has to `metadata`.
 *
 * @param metadata the entity, or undefined for a table that cannot be named
 * @throws TenantScopeMissingError if there is no current scope, or the unscoped section has ended
 */
export function resolveAccess(metadata: EntityMetadata | undefined): Access {
  if (isUnscoped(metadata)) return 'everything';
  const frame = currentContext();
  if (frame?.scope === undefined) throw new TenantScopeMissingError(metadata?.name ?? 'raw SQL');
  return frame.scope;
}

/** Checks whether the running code is in an open unscoped section, for all entities or for the given one. */
export function isUnscoped(metadata?: EntityMetadata): boolean {
  const section = openSection(currentContext());
  if (section === undefined) return false;
  return section.entities === undefined || (metadata !== undefined && names(section.entities, metadata));
}

/** Returns a cache key of the access context: it differs if the same statement may select different rows. */
export function accessCacheKey(): string {
  const frame = currentContext();
  const scope = frame?.scope?.fingerprint ?? '';
  // Cannot collide with a plain scope key: a fingerprint begins with a bracket.
  return frame?.unscopedSection === undefined ? scope : `unscoped ${exemptEntities(frame)}|${scope}`;
}

/**
 * Returns a key of the access context that differs if the SQL text of a statement may differ. All tenants share it,
 * because their values are bind parameters.
 */
export function accessPlanKey(): string {
  const frame = currentContext();
  return `${exemptEntities(frame)}|${frame?.scope === undefined ? '' : 'scope'}`;
}

function exemptEntities(frame: TenantContext | undefined): string {
  const section = openSection(frame);
  if (section === undefined) return '';
  return section.entities === undefined ? '*' : [...section.entities].map(keyName).sort().join();
}

/**
 * Returns the current scope if it applies to every entity; undefined outside of a scope and in any unscoped section.
 */
export function exclusiveScope(): ValidScope | undefined {
  const frame = currentContext();
  return frame?.unscopedSection === undefined ? frame?.scope : undefined;
}

function openSection(frame: TenantContext | undefined): TenantContext['unscopedSection'] {
  const section = frame?.unscopedSection;
  if (section !== undefined && !section.open) {
    throw new TenantScopeMissingError(
      `the unscoped section tenancy.unscoped('${section.why}') has ended, but this code is still running`,
    );
  }
  return section;
}

function names(entities: ReadonlySet<EntityRef>, metadata: EntityMetadata): boolean {
  if (entities.has(metadata.name)) return true;
  for (let type: unknown = metadata.target; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    if (entities.has(type)) return true;
  }
  return false;
}

/**
 * Numbers classes with the same name. Cache keys are shared between processes, so the first class of a name always gets
 * number 1.
 */
const numbers = new WeakMap<object, number>();
const classesOfName = new Map<string, number>();

function keyName(key: EntityRef): string {
  if (typeof key === 'string') return JSON.stringify(key);
  const { name } = key;
  let number = numbers.get(key);
  if (number === undefined) {
    number = (classesOfName.get(name) ?? 0) + 1;
    classesOfName.set(name, number);
    numbers.set(key, number);
  }
  return JSON.stringify([name, number]);
}
