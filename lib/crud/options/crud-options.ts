import type { Type } from '@nestjs/common';
import type { CrudDefaults } from './crud-defaults.js';
import type { CrudRoute, OptInRoute } from './crud-routes.js';
import type { ColumnPath, FieldPath, RelationPath, ToManyKey } from './entity-paths.js';
import type { CrudHooks } from './crud-hooks.interface.js';
import type { ParentOptions } from './parent-options.js';

/** Classes that say what goes in and what comes out, with the decorators of class-validator and class-transformer. */
export interface CrudDtos {
  /** Body of `create`. Without it the entity's own class-validator rules serve; without any, its columns. */
  readonly create?: Type<object>;
  /** Body of `replace`; `create`'s by default. */
  readonly update?: Type<object>;
  /** Body of `update`; `replace`'s by default, every field optional. */
  readonly patch?: Type<object>;
  /** What is answered: the properties with `@Expose()`, nothing else. */
  readonly response?: Type<object>;
  /** What is answered for a single row; `response` by default. */
  readonly detail?: Type<object>;
}

/**
 * Options of `@Crud(Entity, options)`, keyed by the entity: a column that does not exist does not compile.
 *
 * @example
 * @Crud(SupportTicket, { dto: { create: CreateTicketDto }, search: ['subject'], sort: ['createdAt', 'priority'] })
 */
export interface CrudOptions<T extends object> extends CrudDefaults {
  readonly dto?: CrudDtos;
  /**
   * The column that names a row in a path, for example `slug`; the primary key by default. A unique key must cover it,
   * with the tenant column.
   */
  readonly id?: ColumnPath<T>;
  /** The row that the rows lie below, named by the controller's path. It must be there, in the scope. */
  readonly parent?: ParentOptions<T>;
  /**
   * Whether a parent has one such row, or none: then the routes are those of one row, at the controller's path. The
   * entity holds the parent's key, and a unique key covers it.
   */
  readonly oneToOne?: true;
  /** The routes to serve. By default all but those of `also`; on a shared entity the reading ones. */
  readonly only?: readonly CrudRoute[];
  /** Routes to serve besides the default ones. */
  readonly also?: readonly OptInRoute[];
  /** The routes not to serve. */
  readonly except?: readonly CrudRoute[];
  /** Columns that clients may filter by, those of related rows too (`assignee.email`). By default the own ones that the answer shows as they are. */
  readonly filter?: readonly FieldPath<T>[];
  /**
   * Columns that clients may sort by, those that to-one relations lead to as well (`assignee.name`). By default the own ones that the answer shows
   * as they are. A cursor carries their values.
   */
  readonly sort?: readonly FieldPath<T>[];
  /** Text columns that `search=` looks into. None by default. */
  readonly search?: readonly ColumnPath<T>[];
  /**
   * Paths of relations that clients may ask for along with rows, by `?include=`. None by default. Rows of a relation to many are not cut
   * into pages: name those that stay few.
   */
  readonly include?: readonly RelationPath<T>[];
  /** Columns that clients may ask for one by one, by `?fields=`. By default those that the answer shows. */
  readonly fields?: readonly ColumnPath<T>[];
  /**
   * Many-to-many relations whose links are made by `PUT /:id/tags/:linkedId` and taken away by `DELETE`, one by one. The
   * methods are called `linkTags` and `unlinkTags`.
   */
  readonly links?: readonly ToManyKey<T>[];
  /** Classes that take part in writes, in the order in which they run; a module provides them. */
  readonly hooks?: readonly Type<CrudHooks<T>>[];
  /**
   * Whether clients may list rows that are marked as deleted: `?deleted=include` and `?deleted=only`. Off by default; who may do so is a
   * guard's matter.
   */
  readonly deleted?: boolean;
  /** Name of the DataSource, for an entity that several have. */
  readonly dataSource?: string;
}
