import type { ProblemDetailsMode } from '../errors/content-negotiation.js';

/** How clients page through a list. */
export type PagingMode = 'any' | 'offset' | 'cursor';

/** The page size of lists. */
export interface CrudLimit {
  /** The page size if the client requests none. */
  readonly default?: number;
  /** The maximum page size that a client may request. */
  readonly max?: number;
}

/**
 * Options of `@Crud` that do not depend on the entity. `MuckModule.forRoot({ defaults })` sets them for every
 * controller.
 *
 * @example
 * MuckModule.forRoot({ …, defaults: { limit: { default: 20, max: 100 }, listFormat: 'page' } })
 */
export interface CrudDefaults {
  /** The page size; by default 20 rows, at most 100. */
  readonly limit?: CrudLimit;
  /**
   * The order of a list if the client names none, e.g. `['-createdAt']`: a column, or `-` and a column for descending
   * order. The primary key is always appended. As a default of the module it applies to the entities that have such
   * columns. By default the order of the primary key.
   */
  readonly defaultSort?: readonly string[];
  /**
   * The format of a list: `page` is `{ items, total, limit, offset }`; `array` is a bare array, unless the query has
   * `limit` or `offset`. `page` by default.
   */
  readonly listFormat?: 'page' | 'array';
  /**
   * How clients page through a list: by `offset` (or `page`), by `cursor`, or as they like (`any`, the default). With
   * `cursor` the first page begins without one, and a list has no total. Each has its own schema in the OpenAPI
   * document.
   */
  readonly paging?: PagingMode;
  /**
   * How to count the total of a list, unless the client requests another mode: `exact`, `none`, or up to 1,000
   * (`capped`). A count reads every row of the list; for long lists, `none` with cursors is far cheaper. `exact` by
   * default.
   */
  readonly count?: 'exact' | 'none' | 'capped';
  /**
   * Rejects a body whose server-owned fields (id, tenant, timestamps, version) differ from the row, with a 400. Off by
   * default: such fields are then ignored.
   */
  readonly strictPayload?: boolean;
  /** Bounds of `createMany`: at most `max` rows in one request, 100 by default. */
  readonly bulk?: { readonly max: number };
  /**
   * Requires an `If-Match` with the row's `ETag` for `PUT`, `PATCH` and `DELETE`; without one the response is 428. Off
   * by default. The entity needs a `@VersionColumn`.
   */
  readonly requireIfMatch?: boolean;
  /**
   * When to send errors as problem details (RFC 9457): if the client's `Accept` prefers them (`negotiate`, the
   * default), or always. As an option of `@Crud` it also covers errors of guards; for the whole application use
   * `ProblemDetailsFilter`.
   */
  readonly problemDetails?: ProblemDetailsMode;
  /**
   * Texts for constraints of the database, by their names. A value that violates a CHECK constraint is a 400 with the
   * text, a row that violates a unique key or an exclusion constraint a 409. By default the text of a CHECK constraint
   * does not say which rule it is, and that of the others names the fields.
   */
  readonly constraints?: Readonly<Record<string, string>>;
  /** Query parameters of lists to ignore, e.g. those of a CDN or a guard. Other unknown parameters are rejected. */
  readonly ignoreParams?: readonly string[];
}

/** The default page size. */
export const DEFAULT_LIMIT = { default: 20, max: 100 } as const;

/** The default maximum number of rows per `createMany`. */
export const DEFAULT_MAX_BULK = 100;

/** Injection token of the module's {@link CrudDefaults}. */
export const CRUD_DEFAULTS = Symbol('nestjs-muck:crud-defaults');
