import type { ExecutionContext } from '@nestjs/common';
import { noteWrite } from './tenant-context.js';

/** The HTTP methods by which a client asks for no change. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Notes that the running unit of work writes if it handles an HTTP request of a method that does: all of its reads go to the primary. */
export function noteWritingRequest(context: ExecutionContext): void {
  if (context.getType() !== 'http') return;
  const { method } = context.switchToHttp().getRequest<{ readonly method: string }>();
  if (!READING.has(method)) noteWrite();
}
