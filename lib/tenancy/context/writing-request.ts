import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
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
  if (isReadingRequest(context)) return true;
  noteWrite();
  return false;
}

/** Checks whether the method of an HTTP request asks for no change. */
export function isReadingRequest(host: ArgumentsHost): boolean {
  return READING.has(host.switchToHttp().getRequest<{ readonly method: string }>().method);
}
