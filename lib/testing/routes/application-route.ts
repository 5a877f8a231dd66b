import type { EntityMetadata } from 'typeorm';
import type { CrudOperation } from '../../openapi/crud-route-explorer.js';
import type { Resource } from '../../crud/resource/resource.js';

/** A parameter of a handler that takes a part of the request. */
export interface HandlerParameter {
  /** The part of the request. */
  readonly source: 'body' | 'query' | 'headers' | 'file';
  /** The name of the value, as in `@Query('status')`; undefined for the whole part. */
  readonly name: string | undefined;
  /** The declared type, if it is a class. */
  readonly type: Function | undefined;
}

/** A route of a controller, with `@Crud` or without. */
export interface ApplicationRoute {
  /** Method and path, as in reports: `GET /api/tickets/:id`. */
  readonly label: string;
  readonly method: string;
  /** The path in Nest's notation. */
  readonly path: string;
  readonly controller: Function;
  /** The name of the controller's method. */
  readonly handler: string;
  /** The names of the path's parameters. */
  readonly pathParameters: readonly string[];
  readonly parameters: readonly HandlerParameter[];
  /** Headers that select the version of the route. */
  readonly headers: Readonly<Record<string, string>>;
  /** The reason of `@CrossTenant('why')`; undefined on other routes. */
  readonly crossTenant: string | undefined;
  /** True if `@TenantScoped()` applies. */
  readonly isScoped: boolean;
  /** True for server-sent events. */
  readonly isStream: boolean;
  /** What `@Crud` serves on this route; undefined on other routes. */
  readonly crud:
    { readonly resource: Resource; readonly operation: CrudOperation; readonly relation?: string } | undefined;
  /** The entity that the controller serves with `@Crud`, also on its other routes. */
  readonly entity: EntityMetadata | undefined;
}
