import type { ExecutionContext } from '@nestjs/common';
import { tenantContextOf } from '../tenancy/http/handler-call.js';

/** The members of a request that are read, of Express and Fastify. */
interface Request {
  readonly method: string;
  /** Express: the matched route. */
  readonly route?: { readonly path?: unknown };
  /** Fastify: the matched route. */
  readonly routeOptions?: { readonly url?: unknown };
}

/** What may be told of a request: the pattern of its route instead of its URL, so no value of the client. */
export interface RequestDescription {
  readonly method: string;
  readonly route: string;
}

/** Describes an HTTP request. */
export function describeRequest(context: ExecutionContext): RequestDescription {
  const { method, route, routeOptions } = context.switchToHttp().getRequest<Request>();
  const pattern = route?.path ?? routeOptions?.url;
  const handler = `${context.getClass().name}.${context.getHandler().name}`;
  return { method, route: typeof pattern === 'string' ? pattern : handler };
}

/** Returns the tenant of a handler call; undefined before its scope is open, and for routes over all tenants. */
export function tenantOf(context: ExecutionContext): Readonly<Record<string, string | number>> | undefined {
  const own = tenantContextOf(context);
  if (own?.scope === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(own.scope.values).map(([key, value]) => [key, typeof value === 'bigint' ? String(value) : value]),
  );
}
