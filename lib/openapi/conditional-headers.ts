import { RETURNING_ROUTES } from '../crud/http/return-preference.js';
import { IF_MATCH_ROUTES } from '../crud/preconditions/if-match.js';
import { ETAG_ROUTES } from '../crud/preconditions/if-none-match.js';
import type { ParameterObject } from './openapi.types.js';
import type { CrudOperation, CrudRouteInfo } from './crud-route-explorer.js';

const TAGGED: readonly (CrudOperation | undefined)[] = ETAG_ROUTES;
const RETURNING: readonly (CrudOperation | undefined)[] = RETURNING_ROUTES;
const GUARDED: readonly (CrudOperation | undefined)[] = IF_MATCH_ROUTES;

/** Checks whether a route's response is a row with an `ETag`. */
export function hasEtag(route: CrudRouteInfo): boolean {
  return isVersioned(route) && TAGGED.includes(route.name);
}

/** Checks whether a route evaluates `If-Match`. */
export function hasIfMatch(route: CrudRouteInfo): boolean {
  return isVersioned(route) && GUARDED.includes(route.name);
}

/** Returns the parameters of the conditional headers, and of the preference for a response without a body. */
export function preconditionParameters(route: CrudRouteInfo): ParameterObject[] {
  return [
    ...(RETURNING.includes(route.name)
      ? [header('Prefer', '`return=minimal`: a response without a body, 204 in place of 200.', false)]
      : []),
    ...(hasEtag(route) && route.name === 'findOne'
      ? [header('If-None-Match', 'An `ETag`. If the row still has it, the response is 304 without a body.', false)]
      : []),
    ...(hasIfMatch(route)
      ? [
          header(
            'If-Match',
            'The `ETag` of the row as it was read. If the row has changed since, the response is 412.',
            route.resource.requireIfMatch,
          ),
        ]
      : []),
  ];
}

function isVersioned({ resource }: CrudRouteInfo): boolean {
  return resource.metadata.versionColumn?.isSelect === true;
}

function header(name: string, description: string, required: boolean): ParameterObject {
  return { name, in: 'header', description, ...(required && { required }), schema: { type: 'string' } };
}
