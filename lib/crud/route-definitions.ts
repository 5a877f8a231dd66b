import { Body, Delete, Get, HttpStatus, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { BulkBodyPipe } from './body/bulk-body.pipe.js';
import { BodyPipe } from './body/body.pipe.js';
import type { CrudRoute } from './crud-routes.js';
import { IdPipe, ParentIdPipe } from './id.pipe.js';
import { ListQueryPipe } from './query/list-query.pipe.js';

/** What Nest is told of a route. */
export interface RouteDefinition {
  readonly name: CrudRoute;
  readonly route: MethodDecorator;
  readonly status: HttpStatus;
  /** By the position of the parameter. */
  readonly parameters: readonly ParameterDecorator[];
}

/**
 * @param path of one row, below the controller's
 * @param id decorates the parameter that names it
 */
function definitionsFor(path: string, id: () => ParameterDecorator): readonly RouteDefinition[] {
  return [
    { name: 'findAll', route: Get(), status: HttpStatus.OK, parameters: [Query(new ListQueryPipe())] },
    { name: 'create', route: Post(), status: HttpStatus.CREATED, parameters: [Body(new BodyPipe('create'))] },
    { name: 'createMany', route: Post('bulk'), status: HttpStatus.CREATED, parameters: [Body(new BulkBodyPipe())] },
    { name: 'findOne', route: Get(path), status: HttpStatus.OK, parameters: [id()] },
    { name: 'replace', route: Put(path), status: HttpStatus.OK, parameters: [id(), Body(new BodyPipe('replace'))] },
    { name: 'update', route: Patch(path), status: HttpStatus.OK, parameters: [id(), Body(new BodyPipe('update'))] },
    { name: 'remove', route: Delete(path), status: HttpStatus.NO_CONTENT, parameters: [id()] },
    { name: 'restore', route: Post(`${path}/restore`), status: HttpStatus.OK, parameters: [id()] },
  ];
}

/** In the order in which routers try them. */
export const ROUTE_DEFINITIONS = definitionsFor(':id', () => Param('id', new IdPipe()));

/** The same for the only row below a parent, which the path names by the parent. */
export const ONE_TO_ONE_DEFINITIONS = definitionsFor('', () => Param(new ParentIdPipe()));
