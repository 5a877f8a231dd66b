import { registerEntityTenancy } from '../metadata/entity-tenancy.registry.js';
import { assertReason } from '../tenancy.service.js';

/**
 * Declares an entity as shared: its rows have no tenant, and every tenant sees the same rows.
 *
 * @param why reason, for readers of the code
 * @returns a class decorator for an entity
 * @throws TypeError if `why` is empty
 * @example
 * @Entity() @TenantShared('release notes, the same for every organization')
 * export class NewsfeedItem { … }
 */
export function TenantShared(why: string): ClassDecorator {
  assertReason(why);
  return (target) => registerEntityTenancy(target, { kind: 'shared', why }, 'decorator');
}
