import type { ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';

/** An HTTP adapter, of which platform does not matter. */
export type HttpAdapter = AbstractHttpAdapter<unknown, unknown, unknown>;

/** What clients say with who they are; which of them an application's guards read is not known here. */
const WHO_ASKS = ['Authorization', 'Cookie'];

/**
 * Sets `Cache-Control` and `Vary` of an answer that is about the account which asked: no shared cache keeps it, and a browser's own one
 * tells accounts apart. What a handler says itself with `@Header()` wins.
 *
 * @param vary further request headers that decide about the answer
 */
export function makePrivate(adapter: HttpAdapter, context: ExecutionContext, vary: readonly string[] = []): void {
  const http = context.switchToHttp();
  const response = http.getResponse<unknown>();
  const method = String(adapter.getRequestMethod(http.getRequest()));
  if ((method !== 'GET' && method !== 'HEAD') || adapter.isHeadersSent(response) === true) return;
  if (!adapter.getHeader(response, 'Cache-Control')) adapter.setHeader(response, 'Cache-Control', 'private');
  const known = [adapter.getHeader(response, 'Vary') as unknown].flat().filter((value) => typeof value === 'string');
  const names = known.flatMap((value) => value.split(/\s*,\s*/)).filter((name) => name !== '');
  for (const name of [...WHO_ASKS, ...vary]) {
    if (!names.some((other) => other.toLowerCase() === name.toLowerCase())) names.push(name);
  }
  if (!names.includes('*')) adapter.setHeader(response, 'Vary', names.join(', '));
}
