import { Body, Delete, Get, HttpStatus, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { BulkBodyPipe } from './body/bulk-body.pipe.js';
import { BodyPipe } from './body/body.pipe.js';
import type { CrudRoute } from './crud-routes.js';
import { IdPipe } from './id.pipe.js';
import { ListQueryPipe } from './query/list-query.pipe.js';

/** What Nest is told of a route. */
export interface RouteDefinition {
  readonly name: CrudRoute;
  readonly route: MethodDecorator;
  readonly status: HttpStatus;
  /** By the position of the parameter. */
  readonly parameters: readonly ParameterDecorator[];
}

const id = (): ParameterDecorator => Param('id', new IdPipe());

/** In the order in which routers try them. */
export const ROUTE_DEFINITIONS: readonly RouteDefinition[] = [
  { name: 'findAll', route: Get(), status: HttpStatus.OK, parameters: [Query(new ListQueryPipe())] },
  { name: 'create', route: Post(), status: HttpStatus.CREATED, parameters: [Body(new BodyPipe('create'))] },
  { name: 'createMany', route: Post('bulk'), status: HttpStatus.CREATED, parameters: [Body(new BulkBodyPipe())] },
  { name: 'findOne', route: Get(':id'), status: HttpStatus.OK, parameters: [id()] },
  { name: 'replace', route: Put(':id'), status: HttpStatus.OK, parameters: [id(), Body(new BodyPipe('replace'))] },
  { name: 'update', route: Patch(':id'), status: HttpStatus.OK, parameters: [id(), Body(new BodyPipe('update'))] },
  { name: 'remove', route: Delete(':id'), status: HttpStatus.NO_CONTENT, parameters: [id()] },
  { name: 'restore', route: Post(':id/restore'), status: HttpStatus.OK, parameters: [id()] },
];
