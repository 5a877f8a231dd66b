import { Delete, HttpStatus, Param, Put } from '@nestjs/common';
import type { EntityId } from '../model/resource-id.js';
import type { LinkRoute } from '../options/crud-routes.js';
import type { RouteDefinition } from './route-definition.js';
import { LinkedIdPipe } from '../http/pipes/linked-id.pipe.js';

/** The path parameter of the related row's id. */
export const LINKED_ID = 'linkedId';

/** The part of a controller that the link methods use. */
interface LinkingController {
  readonly service: {
    link(id: EntityId, relation: string, linkedId: EntityId): Promise<void>;
    unlink(id: EntityId, relation: string, linkedId: EntityId): Promise<void>;
  };
}

/** Returns the routes for the relations of the option `links`. */
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
 * Returns the definition of a link route, including the method for controllers without their own.
 *
 * @param route the relation and what to do
 * @param path of one row, relative to the controller's
 * @param id the decorator of the id parameter
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
