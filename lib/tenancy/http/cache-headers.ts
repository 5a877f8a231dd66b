import { BoundedCache } from '../../common/bounded-cache.js';
import type { ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';

/** An HTTP adapter, of which platform does not matter. */
export type HttpAdapter = AbstractHttpAdapter<unknown, unknown, unknown>;

/** What clients say with who they are; which of them an application's guards read is not known here. */
const CREDENTIAL_HEADERS = ['Authorization', 'Cookie'];

/**
 * Sets `Cache-Control` and `Vary` of an answer that is about the account which asked: no shared cache keeps it, and a browser's own one
 * tells accounts apart. What a handler says itself with `@Header()` wins.
 *
 * @param vary further request headers that decide about the answer
 */
export function setPrivateCacheHeaders(
  adapter: HttpAdapter,
  context: ExecutionContext,
  vary: readonly string[] = [],
): void {
  const http = context.switchToHttp();
  const response = http.getResponse<unknown>();
  const method = String(adapter.getRequestMethod(http.getRequest()));
  if ((method !== 'GET' && method !== 'HEAD') || adapter.isHeadersSent(response) === true) return;
  if (!adapter.getHeader(response, 'Cache-Control')) adapter.setHeader(response, 'Cache-Control', 'private');
  // A list of values reads as one text.
  const known = String(adapter.getHeader(response, 'Vary') ?? '');
  const text = cachedVary(known, vary);
  if (text !== known) adapter.setHeader(response, 'Vary', text);
}

/** An application sends few different ones. */
const varyTexts = new BoundedCache<string, string>(100);

function cachedVary(known: string, vary: readonly string[]): string {
  return varyTexts.getOrCreate(`${known}\n${vary.join()}`, () => appendVary(known, [...CREDENTIAL_HEADERS, ...vary]));
}

function appendVary(known: string, added: readonly string[]): string {
  const names = known.split(/\s*,\s*/).filter((name) => name !== '');
  // What varies with everything varies with these.
  if (names.includes('*')) return known;
  for (const name of added) {
    if (!names.some((other) => other.toLowerCase() === name.toLowerCase())) names.push(name);
  }
  return names.join(', ');
}
