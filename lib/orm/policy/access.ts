import type { EntityMetadata } from 'typeorm';
import { TenantScopeMissingError } from '../../errors/tenant-scope-missing.error.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import type { EntityKey, TenantContext } from '../../tenancy/context/tenant-context.js';
import type { ValidScope } from '../../tenancy/context/tenant-scope.js';

/** What the running code may do with a scoped entity: everything, or what lies in a scope. */
export type Access = 'everything' | ValidScope;

/**
 * What the running code may do with `metadata`.
 *
 * @param metadata the entity, or undefined for a table that cannot be named
 * @throws TenantScopeMissingError when nothing is in force, or the unscoped section has ended
 */
export function resolveAccess(metadata: EntityMetadata | undefined): Access {
  if (isUnscoped(metadata)) return 'everything';
  const frame = currentContext();
  if (frame?.scope === undefined) throw new TenantScopeMissingError(metadata?.name ?? 'hand-written SQL');
  return frame.scope;
}

/** Whether the running code is in an open section that is unscoped for every entity, or for the given one. */
export function isUnscoped(metadata?: EntityMetadata): boolean {
  const section = openSection(currentContext());
  if (section === undefined) return false;
  return section.entities === undefined || (metadata !== undefined && names(section.entities, metadata));
}

/** Tells two situations apart in which a statement may mean different rows. */
export function accessCacheKey(): string {
  const frame = currentContext();
  const scope = frame?.scope?.fingerprint ?? '';
  // A fingerprint begins with a bracket.
  return frame?.unscopedSection === undefined ? scope : `unscoped ${exemptEntities(frame)}|${scope}`;
}

/** Tells two situations apart in which a statement's text may differ: whichever tenant's rows it means, its values say. */
export function accessPlanKey(): string {
  const frame = currentContext();
  return `${exemptEntities(frame)}|${frame?.scope === undefined ? '' : 'scope'}`;
}

function exemptEntities(frame: TenantContext | undefined): string {
  const section = openSection(frame);
  if (section === undefined) return '';
  return section.entities === undefined ? '*' : [...section.entities].map(keyName).sort().join();
}

/** The scope in force, where every entity is under it. */
export function exclusiveScope(): ValidScope | undefined {
  const frame = currentContext();
  return frame?.unscopedSection === undefined ? frame?.scope : undefined;
}

function openSection(frame: TenantContext | undefined): TenantContext['unscopedSection'] {
  const section = frame?.unscopedSection;
  if (section !== undefined && !section.open) {
    throw new TenantScopeMissingError(`the section unscoped('${section.why}') has ended, and this code outlives it`);
  }
  return section;
}

function names(entities: ReadonlySet<EntityKey>, metadata: EntityMetadata): boolean {
  if (entities.has(metadata.name)) return true;
  for (let type: unknown = metadata.target; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    if (entities.has(type)) return true;
  }
  return false;
}

/** Tells classes of one name apart. What stands in a query cache is for other processes too: there the first of a name is the same one. */
const numbers = new WeakMap<object, number>();
const classesOfName = new Map<string, number>();

function keyName(key: EntityKey): string {
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
