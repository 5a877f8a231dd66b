import { Body, Delete, Get, HttpStatus, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { BulkBodyPipe } from '../http/pipes/bulk-body.pipe.js';
import { BodyPipe } from '../http/pipes/body.pipe.js';
import { IdPipe, ParentIdPipe } from '../http/pipes/id.pipe.js';
import { linkDefinition } from './link-routes.js';
import type { LinkRoute } from '../options/crud-routes.js';
import type { RouteDefinition } from './route-definition.js';
import { ListQueryPipe } from '../http/pipes/list-query.pipe.js';

/**
 * @param path of one row, relative to the controller's
 * @param id the decorator of the id parameter
 */
function definitionsFor(
  path: string,
  id: () => ParameterDecorator,
  links: readonly LinkRoute[],
): readonly RouteDefinition[] {
  return [
    { name: 'findAll', route: Get(), status: HttpStatus.OK, parameters: [Query(new ListQueryPipe())] },
    { name: 'create', route: Post(), status: HttpStatus.CREATED, parameters: [Body(new BodyPipe('create'))] },
    { name: 'createMany', route: Post('bulk'), status: HttpStatus.CREATED, parameters: [Body(new BulkBodyPipe())] },
    { name: 'findOne', route: Get(path), status: HttpStatus.OK, parameters: [id()] },
    { name: 'replace', route: Put(path), status: HttpStatus.OK, parameters: [id(), Body(new BodyPipe('replace'))] },
    { name: 'update', route: Patch(path), status: HttpStatus.OK, parameters: [id(), Body(new BodyPipe('update'))] },
    { name: 'remove', route: Delete(path), status: HttpStatus.NO_CONTENT, parameters: [id()] },
    { name: 'restore', route: Post(`${path}/restore`), status: HttpStatus.OK, parameters: [id()] },
    ...links.map((link) => linkDefinition(link, path, id())),
  ];
}

/**
 * Returns the routes that `@Crud` can serve, in the order in which routers match them.
 *
 * @param isOneToOne whether the parent in the path identifies the row
 * @param links the link routes
 */
export function routeDefinitions(isOneToOne: boolean, links: readonly LinkRoute[]): readonly RouteDefinition[] {
  return isOneToOne
    ? definitionsFor('', () => Param(new ParentIdPipe()), links)
    : definitionsFor(':id', () => Param('id', new IdPipe()), links);
}
