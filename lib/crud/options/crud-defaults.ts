import type { ProblemDetailsMode } from '../errors/content-negotiation.js';

/** How long a list may be. */
export interface CrudLimit {
  /** Rows of a page when the client asks for no number. */
  readonly default?: number;
  /** Most rows that a client may ask for. */
  readonly max?: number;
}

/**
 * Options of `@Crud` that are not about one entity. `MuckModule.forRoot({ defaults })` sets them for every controller.
 *
 * @example
 * MuckModule.forRoot({ …, defaults: { limit: { default: 20, max: 100 }, list: 'page' } })
 */
export interface CrudDefaults {
  /** Length of a page; 20 rows, and at most 100, unless it says otherwise. */
  readonly limit?: CrudLimit;
  /**
   * What a list looks like: `page` is `{ items, total, limit, offset }`; `flat` is a bare array unless `limit` or
   * `offset` is given. `page` by default.
   */
  readonly list?: 'page' | 'flat';
  /**
   * How the rows of the whole list are counted unless a client says otherwise: `exact`, not at all (`none`), or up to 1,000 (`capped`). A count
   * reads every row of the list: where lists are long, `none` and cursors are far cheaper. `exact` by default.
   */
  readonly count?: 'exact' | 'none' | 'capped';
  /**
   * Whether a body may only repeat what the server owns (id, tenant, timestamps, version). Off by default: such a field
   * has no effect then; switched on, one that differs is a 400.
   */
  readonly strictPayload?: boolean;
  /** Most rows that `createMany` makes at once; 100 by default. */
  readonly maxBulk?: number;
  /**
   * Whether `PUT`, `PATCH` and `DELETE` need an `If-Match` with the row's `ETag`: without one they are a 428. Off by
   * default. The entity needs a `@VersionColumn`.
   */
  readonly requireIfMatch?: boolean;
  /**
   * Whether errors go out as problem documents (RFC 9457): where the client's `Accept` prefers them (`negotiate`, the
   * default), or always. An option of `@Crud` itself covers what guards throw as well; for the whole application there is
   * `ProblemDetailsFilter`.
   */
  readonly problemDetails?: ProblemDetailsMode;
  /** Query parameters of lists that are somebody else's: a CDN's, a guard's. Unknown ones are refused otherwise. */
  readonly ignoreParams?: readonly string[];
}

/** The length of a page where nobody says otherwise. */
export const DEFAULT_LIMIT = { default: 20, max: 100 } as const;

/** How many rows may be made at once where nobody says otherwise. */
export const DEFAULT_MAX_BULK = 100;

/** Injection token of the module's {@link CrudDefaults}. */
export const CRUD_DEFAULTS = Symbol('nestjs-muck:crud-defaults');
