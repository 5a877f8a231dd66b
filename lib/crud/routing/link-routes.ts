import { Delete, HttpStatus, Param, Put } from '@nestjs/common';
import type { EntityId } from '../model/resource-id.js';
import type { LinkRoute } from '../options/crud-routes.js';
import type { RouteDefinition } from './route-definition.js';
import { LinkedIdPipe } from '../http/pipes/linked-id.pipe.js';

/** The parameter of the path that names the row on the far side. */
export const LINKED_ID = 'linkedId';

/** What the methods use of a controller. */
interface LinkingController {
  readonly service: {
    link(id: EntityId, relation: string, linkedId: EntityId): Promise<void>;
    unlink(id: EntityId, relation: string, linkedId: EntityId): Promise<void>;
  };
}

/** The routes for the relations of the option `links`. */
export function linkRoutesFor(relations: readonly string[]): LinkRoute[] {
  return [...new Set(relations)].flatMap((relation) =>
    (['link', 'unlink'] as const).map((action) => ({
      name: `${action}${relation.charAt(0).toUpperCase()}${relation.slice(1)}`,
      relation,
      action,
    })),
  );
}

/**
 * What Nest is told of such a route, with the method that serves it where the controller has none.
 *
 * @param path of one row, below the controller's
 * @param id decorates the parameter that names it
 */
export function linkDefinition(
  { name, relation, action }: LinkRoute,
  path: string,
  id: ParameterDecorator,
): RouteDefinition {
  const route = action === 'link' ? Put : Delete;
  return {
    name,
    route: route(`${path}/${relation}/:${LINKED_ID}`),
    status: HttpStatus.NO_CONTENT,
    parameters: [id, Param(LINKED_ID, new LinkedIdPipe(relation))],
    method: methodFor(name, relation, action),
  };
}

function methodFor(name: string, relation: string, action: LinkRoute['action']): (...args: never[]) => unknown {
  const methods = {
    [name](this: LinkingController, id: EntityId, linkedId: EntityId): Promise<void> {
      return this.service[action](id, relation, linkedId);
    },
  };
  return methods[name];
}
