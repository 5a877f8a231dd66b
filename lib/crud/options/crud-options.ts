import type { Type } from '@nestjs/common';
import type { CrudDefaults } from './crud-defaults.js';
import type { CrudRoute, OptInRoute } from './crud-routes.js';
import type { ColumnPath, FieldPath, RelationPath, ToManyKey } from './entity-paths.js';
import type { CrudHooks } from './crud-hooks.interface.js';
import type { Operator } from './filter-operators.js';
import type { ParentOptions } from './parent-options.js';

/** The classes of request and response bodies, with decorators of class-validator and class-transformer. */
export interface CrudDtos {
  /** Body of `create`. By default the entity with its class-validator rules; without rules, its columns. */
  readonly create?: Type<object>;
  /** Body of `replace`; by default that of `create`. */
  readonly update?: Type<object>;
  /** Body of `update`; by default that of `replace` with all fields optional. */
  readonly patch?: Type<object>;
  /** The response: only properties with `@Expose()`. */
  readonly response?: Type<object>;
  /** The response for a single row; `response` by default. */
  readonly detail?: Type<object>;
}

/**
 * A column that clients may filter by, with some of its operators.
 *
 * @example
 * @Crud(SupportTicket, { filter: ['status', { column: 'subject', operators: ['eq', 'icontains'] }] })
 */
export interface ColumnFilter<T> {
  /** The column, which may be one of related rows. */
  readonly column: FieldPath<T>;
  /** The only operators that clients may use. */
  readonly operators: readonly Operator[];
}

/**
 * Options of `@Crud(Entity, options)`. They are typed by the entity, so that an unknown column does not compile.
 *
 * @example
 * @Crud(SupportTicket, { dto: { create: CreateTicketDto }, search: ['subject'], sort: ['createdAt', 'priority'] })
 */
export interface CrudOptions<T extends object> extends CrudDefaults {
  /** The classes of request and response bodies; by default the entity. */
  readonly dto?: CrudDtos;
  /**
   * The column that identifies a row in a path, e.g. `slug`; the primary key by default. It needs a unique key,
   * together with the tenant column.
   */
  readonly id?: ColumnPath<T>;
  /** The parent of the rows, named by a parameter of the controller's path. It must be visible in the current scope. */
  readonly parent?: ParentOptions<T>;
  /**
   * Declares that a parent has at most one such row. The routes are then those of one row, at the controller's path.
   * The entity must have the parent's foreign key, with a unique key.
   */
  readonly oneToOne?: true;
  /** The routes to serve. By default all but the opt-in routes of `also`; for a shared entity the reading routes. */
  readonly only?: readonly CrudRoute[];
  /** Opt-in routes to serve in addition to the default ones. */
  readonly also?: readonly OptInRoute[];
  /** The routes not to serve. */
  readonly except?: readonly CrudRoute[];
  /**
   * Columns that clients may filter by, including those of related rows (`assignee.email`), and relations, of which
   * they may ask whether there is a row (`assignee__is_null`; a column of a related row includes that). A column allows
   * all operators of its type, unless they are named: `{ column: 'subject', operators: ['eq'] }`. By default the
   * entity's own columns that the response exposes untransformed.
   */
  readonly filter?: readonly (FieldPath<T> | RelationPath<T> | ColumnFilter<T>)[];
  /**
   * Columns that clients may sort by, including those of to-one relations (`assignee.name`). By default the entity's
   * own columns that the response exposes untransformed. Cursors contain their values.
   */
  readonly sort?: readonly FieldPath<T>[];
  /**
   * The order of a list if the client names none, e.g. `['-createdAt']`. The primary key is always appended. It may
   * name columns that clients may not sort by. Cursors contain their values.
   */
  readonly defaultSort?: readonly (FieldPath<T> | `-${FieldPath<T>}`)[];
  /**
   * Text columns that `search=` searches, including those of related rows (`assignee.email`). Empty by default. A row
   * matches if one of its related rows does.
   */
  readonly search?: readonly FieldPath<T>[];
  /**
   * Paths of relations that clients may include with `?include=`. Empty by default. To-many relations are not
   * paginated, so list only those with few rows.
   */
  readonly include?: readonly RelationPath<T>[];
  /** Columns that clients may select with `?fields=`. By default those that the response exposes. */
  readonly fields?: readonly ColumnPath<T>[];
  /**
   * Many-to-many relations whose links `PUT /:id/tags/:linkedId` adds and `DELETE` removes. The methods are named
   * `linkTags` and `unlinkTags`.
   */
  readonly links?: readonly ToManyKey<T>[];
  /** Hook classes, in the order in which they run. A module must provide them. */
  readonly hooks?: readonly Type<CrudHooks<T>>[];
  /**
   * Allows clients to list soft-deleted rows: `?deleted=include` and `?deleted=only`. Off by default. Restrict it with
   * a guard.
   */
  readonly deleted?: boolean;
  /** Name of the DataSource, if several contain the entity. */
  readonly dataSource?: string;
}
