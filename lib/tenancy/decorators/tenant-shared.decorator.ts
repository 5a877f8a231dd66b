import { declareEntity } from '../metadata/entity-tenancy.registry.js';
import { requireWhy } from '../tenancy.service.js';

/**
 * On an entity: its rows have no owner, every tenant sees the same ones.
 *
 * @param why for the reader of the code
 * @example
 * @Entity() @TenantShared('release notes, the same for every organization')
 * export class NewsfeedItem { … }
 */
export function TenantShared(why: string): ClassDecorator {
  requireWhy(why);
  return (target) => declareEntity(target, { kind: 'shared', why }, 'decorator');
}
