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
  const known = adapter.getHeader(response, 'Vary') as unknown;
  const text = varyText(known, vary);
  if (text !== known && text !== undefined) adapter.setHeader(response, 'Vary', text);
}

/** An application sends few different ones. */
const varyTexts = new Map<unknown, Map<string, string | undefined>>();
const REMEMBERED = 100;

/** @returns undefined where nothing is to be added: the answer varies with everything */
function varyText(known: unknown, vary: readonly string[]): string | undefined {
  const added = vary.join();
  // A list of values is another one each time.
  if (Array.isArray(known)) return addedTo(known, vary);
  let texts = varyTexts.get(known);
  if (texts === undefined) {
    if (varyTexts.size >= REMEMBERED) varyTexts.clear();
    varyTexts.set(known, (texts = new Map<string, string | undefined>()));
  }
  if (!texts.has(added)) texts.set(added, addedTo([known], vary));
  return texts.get(added);
}

function addedTo(known: readonly unknown[], vary: readonly string[]): string | undefined {
  const names = known
    .filter((value) => typeof value === 'string')
    .flatMap((value) => value.split(/\s*,\s*/))
    .filter((name) => name !== '');
  for (const name of [...WHO_ASKS, ...vary]) {
    if (!names.some((other) => other.toLowerCase() === name.toLowerCase())) names.push(name);
  }
  return names.includes('*') ? undefined : names.join(', ');
}
