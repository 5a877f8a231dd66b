import { entityOf, relationsOf, rootOf } from './model.js';
import type { EntityModel, Model } from './model.js';

/** The path of a resource, with the parameter that names the parent: `tickets/:parentId/notes`. */
export function pathOfResource(model: Model, entity: EntityModel): string {
  const own = plural(entity.name);
  const parent = entity.resource?.parent;
  if (parent === undefined) return own;
  const { target } = relationsOf(model, entity).find(({ property }) => property === parent)!;
  return `below/${plural(target)}/:${parent}Id/${own}`;
}

/** The options of `@Crud` that a model says, without those that need classes. */
export function optionsOf(model: Model, entity: EntityModel): Readonly<Record<string, unknown>> {
  const resource = entity.resource!;
  const { owner } = entity;
  return {
    include: resource.include,
    ...(resource.filter && { filter: resource.filter }),
    ...(resource.sort && { sort: resource.sort }),
    search: resource.search,
    listFormat: resource.listFormat,
    count: resource.count,
    limit: { default: 10, max: 50 },
    ...(resource.parent && { parent: { relation: resource.parent } }),
    ...(resource.links.length > 0 && owner.kind !== 'shared' && entity.tree === undefined && { links: resource.links }),
    ...routesOf(model, entity),
    ...(resource.strict && { strictPayload: true }),
    ...(resource.deleted && { deleted: true }),
    ...(resource.requireIfMatch && { requireIfMatch: true }),
  };
}

/** The routes of a resource: only code writes shared rows and trees, and a view is read-only. */
function routesOf(model: Model, entity: EntityModel): object {
  if (entity.tree) return { only: ['findAll', 'findOne', 'remove'] };
  if (!isWritten(model, entity)) return { only: ['findAll', 'findOne'] };
  return { also: ['createMany', ...(entity.softDelete ? ['restore'] : [])] };
}

/** Whether a resource is served for writing. */
export function isWritten(model: Model, entity: EntityModel): boolean {
  return entity.kind !== 'view' && entity.tree === undefined && rootOf(model, entity).owner.kind !== 'shared';
}

/** The entity that is the parent of a resource. */
export function parentOf(model: Model, entity: EntityModel): EntityModel | undefined {
  const parent = entity.resource?.parent;
  if (parent === undefined) return undefined;
  return entityOf(model, relationsOf(model, entity).find(({ property }) => property === parent)!.target);
}

function plural(name: string): string {
  return `${name.toLowerCase()}s`;
}
