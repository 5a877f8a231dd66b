import { BoundedCache } from '../../common/bounded-cache.js';
import type { ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';

/** HTTP adapter of any platform. */
export type HttpAdapter = AbstractHttpAdapter<unknown, unknown, unknown>;

/** Request headers with credentials. Which of them the application's guards read is unknown, so `Vary` lists both. */
const CREDENTIAL_HEADERS = ['Authorization', 'Cookie'];

/**
 * Sets `Cache-Control` and `Vary` of a response that depends on the account. No shared cache stores it, and a browser
 * cache keeps accounts apart. A handler's own `@Header()` wins.
 *
 * @param vary further request headers that the response depends on
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
  // `String()` joins a list of header values with commas.
  const known = String(adapter.getHeader(response, 'Vary') ?? '');
  const text = cachedVary(known, vary);
  if (text !== known) adapter.setHeader(response, 'Vary', text);
}

/** An application sends few different `Vary` values. */
const varyTexts = new BoundedCache<string, string>(100);

function cachedVary(known: string, vary: readonly string[]): string {
  return varyTexts.getOrCreate(`${known}\n${vary.join()}`, () => appendVary(known, [...CREDENTIAL_HEADERS, ...vary]));
}

function appendVary(known: string, added: readonly string[]): string {
  const names = known.split(/\s*,\s*/).filter((name) => name !== '');
  // `Vary: *` already includes every header.
  if (names.includes('*')) return known;
  for (const name of added) {
    if (!names.some((other) => other.toLowerCase() === name.toLowerCase())) names.push(name);
  }
  return names.join(', ');
}
