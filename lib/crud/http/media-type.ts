import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';

const JSON_TYPE = 'application/json';
/** RFC 7396 JSON Merge Patch, the format of PATCH. */
export const MERGE_PATCH_TYPE = 'application/merge-patch+json';

interface SentMessage {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Methods that may have a body. Nest handlers do not read the body of a GET. */
const WRITING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Rejects a body that is not JSON. A browser sends forms and plain text cross-origin without a CORS preflight, and some
 * adapters parse a form into the same object as JSON.
 *
 * @throws UnsupportedMediaTypeException also for a body without a type; never for a request without a body
 */
export function assertJsonBody(context: ExecutionContext): void {
  const { method, headers } = context.switchToHttp().getRequest<SentMessage>();
  if (!WRITING.has(method) || !hasBody(headers)) return;
  const type = headers['content-type']?.split(';', 1)[0].trim().toLowerCase();
  if (type === JSON_TYPE || (type === MERGE_PATCH_TYPE && method === 'PATCH')) return;
  const expected = method === 'PATCH' ? `${JSON_TYPE} or ${MERGE_PATCH_TYPE}` : JSON_TYPE;
  throw new UnsupportedMediaTypeException(`the Content-Type of the body must be ${expected}`);
}

/** HTTP/2 may omit the length; then a content type indicates a body. */
function hasBody(headers: SentMessage['headers']): boolean {
  const length = headers['content-length'];
  if (length !== undefined) return length.trim() !== '0';
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers[':method'] !== undefined && headers['content-type'] !== undefined)
  );
}
