import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import type { CrudOptions } from './crud-options.js';
import type { CrudRoute, LinkRoute } from './crud-routes.js';

/** The metadata that `@Crud` stores on a controller class. */
export interface CrudMetadata<T extends object = object> {
  readonly entity: Type<T>;
  readonly options: CrudOptions<T>;
  /** The routes that it serves. */
  readonly routes: readonly CrudRoute[];
  /** The routes that link its rows to others. */
  readonly links: readonly LinkRoute[];
}

const CRUD = 'nestjs-muck:crud';

/** Stores the metadata of `@Crud` on a controller class. */
export function putCrudMetadata<T extends object>(controller: Function, metadata: CrudMetadata<T>): void {
  Reflect.defineMetadata(CRUD, metadata, controller);
}

/** Returns the metadata of a controller class or its base class; undefined without `@Crud`. */
export function crudMetadataOf(controller: Function): CrudMetadata | undefined {
  return Reflect.getMetadata(CRUD, controller) as CrudMetadata | undefined;
}
