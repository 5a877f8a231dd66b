import { StreamableFile } from '@nestjs/common';
import { bindContext } from '../context/tenant-context.js';

/**
 * Gives the stream of a `StreamableFile` the current scope. Nest reads it after the handler has returned, outside of the scope: a generator
 * that queries for each chunk would run without a tenant.
 *
 * @param value what a handler returns; anything but a StreamableFile is left alone
 */
export function bindStreamedFile(value: unknown): void {
  if (!(value instanceof StreamableFile)) return;
  const stream = value.getStream();
  for (const method of ['_read', '_destroy'] as const) {
    const original = stream[method].bind(stream) as (...args: unknown[]) => void;
    Object.assign(stream, { [method]: bindContext(original) });
  }
}
