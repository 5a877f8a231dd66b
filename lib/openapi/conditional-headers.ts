import { IF_MATCH_ROUTES } from '../crud/preconditions/if-match.js';
import { ETAG_ROUTES } from '../crud/preconditions/if-none-match.js';
import type { ParameterObject } from './openapi.types.js';
import type { RouteAction, ServedRoute } from './crud-route-explorer.js';

const TAGGED: readonly (RouteAction | undefined)[] = ETAG_ROUTES;
const GUARDED: readonly (RouteAction | undefined)[] = IF_MATCH_ROUTES;

/** Whether a route answers with a row whose version it tells. */
export function isTagged(route: ServedRoute): boolean {
  return isVersioned(route) && TAGGED.includes(route.name);
}

/** Whether a route asks which version of a row the client has read. */
export function checksVersion(route: ServedRoute): boolean {
  return isVersioned(route) && GUARDED.includes(route.name);
}

/** The headers by which a client says which version of a row it has. */
export function preconditionParameters(route: ServedRoute): ParameterObject[] {
  return [
    ...(isTagged(route) && route.name === 'findOne'
      ? [header('If-None-Match', 'An `ETag`: a row that is as it says is not sent again.', false)]
      : []),
    ...(checksVersion(route)
      ? [
          header(
            'If-Match',
            'The `ETag` of the row as it was read: another one is not changed.',
            route.resource.requireIfMatch,
          ),
        ]
      : []),
  ];
}

function isVersioned({ resource }: ServedRoute): boolean {
  return resource.metadata.versionColumn?.isSelect === true;
}

function header(name: string, description: string, required: boolean): ParameterObject {
  return { name, in: 'header', description, ...(required && { required }), schema: { type: 'string' } };
}
