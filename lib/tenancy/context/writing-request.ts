import type { ExecutionContext } from '@nestjs/common';
import { currentContext, noteWrite } from './tenant-context.js';

/** HTTP methods that request no change. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Marks the unit of work of an HTTP request as writing, unless the method is GET, HEAD or OPTIONS. All of its reads
 * then go to the primary.
 *
 * @returns whether the request is a reading one over HTTP
 */
export function noteWritingRequest(context: ExecutionContext): boolean {
  if (context.getType() !== 'http') return false;
  const unit = currentContext()?.unitOfWork;
  if (unit !== undefined) unit.call ??= context;
  const { method } = context.switchToHttp().getRequest<{ readonly method: string }>();
  if (READING.has(method)) return true;
  noteWrite();
  return false;
}
