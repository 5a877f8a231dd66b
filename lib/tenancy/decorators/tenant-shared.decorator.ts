import { registerEntityTenancy } from '../metadata/entity-tenancy.registry.js';
import { assertReason } from '../tenancy.service.js';

/**
 * On an entity: its rows have no owner, every tenant sees the same ones.
 *
 * @param why for the reader of the code
 * @example
 * @Entity() @TenantShared('release notes, the same for every organization')
 * export class NewsfeedItem { … }
 */
export function TenantShared(why: string): ClassDecorator {
  assertReason(why);
  return (target) => registerEntityTenancy(target, { kind: 'shared', why }, 'decorator');
}
