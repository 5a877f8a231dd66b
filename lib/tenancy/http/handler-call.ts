import type { ExecutionContext } from '@nestjs/common';
import type { TenantContext } from '../context/tenant-context.js';

/**
 * The tenant context on the arguments of a call. Class and handler may both carry the interceptor; the first one sets
 * it.
 */
const CONTEXT = Symbol('tenant context');

/** The arguments of a handler call. */
export type HandlerArguments = unknown[] & { [CONTEXT]?: TenantContext };

/** Returns the tenant context in which a handler is called; undefined before its scope is open. */
export function tenantContextOf(context: ExecutionContext): TenantContext | undefined {
  return context.getArgs<HandlerArguments>()[CONTEXT];
}

/** Records the tenant context in which a handler is called. */
export function setTenantContext(context: ExecutionContext, own: TenantContext): void {
  context.getArgs<HandlerArguments>()[CONTEXT] = own;
}
