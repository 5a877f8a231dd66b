import { StreamableFile } from '@nestjs/common';
import { bindContext } from '../context/tenant-context.js';

/**
 * Binds the stream of a `StreamableFile` to the current scope. Nest reads the stream after the handler has returned,
 * outside of the scope. Otherwise a generator that queries for each chunk would run without a tenant.
 *
 * @param value result of a handler; anything but a StreamableFile is left unchanged
 */
export function bindStreamedFile(value: unknown): void {
  if (!(value instanceof StreamableFile)) return;
  const stream = value.getStream();
  for (const method of ['_read', '_destroy'] as const) {
    const original = stream[method].bind(stream) as (...args: unknown[]) => void;
    Object.assign(stream, { [method]: bindContext(original) });
  }
}
