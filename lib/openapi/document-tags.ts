import type { OperationObject, PathItemObject, TagObject } from './openapi.types.js';
import { qualifierOf } from './crud-route-explorer.js';
import type { CrudRouteInfo } from './crud-route-explorer.js';

/**
 * Declares each tag of the operations of a document.
 *
 * @param declared the tags that the document has already, which stay as they are
 */
export function declareTags(
  declared: readonly TagObject[],
  paths: Readonly<Record<string, PathItemObject>>,
  routes: readonly CrudRouteInfo[],
): readonly TagObject[] {
  const used = Object.values(paths)
    .flatMap((item) => Object.values(item) as Partial<OperationObject>[])
    .flatMap(({ tags = [] }) => tags);
  const descriptions = new Map(routes.flatMap((route) => tagsOf(route).map((tag) => [tag, descriptionOf(route)])));
  const missing = [...new Set(used)].filter((tag) => !declared.some(({ name }) => name === tag));
  return [
    ...declared,
    ...missing.map((name) => {
      const description = descriptions.get(name);
      return { name, ...(description !== undefined && { description }) };
    }),
  ];
}

/** Metadata key of `@nestjs/swagger`. The package is never imported, because it may not be installed. */
const API_TAGS = 'swagger/apiUseTags';

/** Returns the tags of `@ApiTags()`, otherwise one for the controller, as `@nestjs/swagger` does. */
export function tagsOf({ handler, controller }: CrudRouteInfo): readonly string[] {
  const own = [handler, controller].flatMap((place) => (Reflect.getMetadata(API_TAGS, place) ?? []) as string[]);
  return own.length > 0 ? [...new Set(own)] : [qualifierOf(controller) || controller.name];
}

/** Returns the comment of the entity's table, otherwise what the rows are. */
function descriptionOf({ resource: { metadata, name } }: CrudRouteInfo): string {
  const { comment } = metadata;
  return comment === undefined || comment === '' ? `The ${name} rows that the caller may see.` : comment;
}
