import { UnsupportedMediaTypeException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';

const JSON_TYPE = 'application/json';
/** RFC 7396: what a PATCH of a resource is. */
export const MERGE_PATCH_TYPE = 'application/merge-patch+json';

/** What is read of a request. */
interface SentMessage {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Methods that may have a body. What a GET has is read by nobody. */
const WRITING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Refuses a body that is not JSON. A browser sends forms and plain text to any site without asking (CORS), and some
 * adapters parse a form into the same object as JSON.
 *
 * @throws UnsupportedMediaTypeException also for a body without a type; never for a request without a body
 */
export function requireJsonBody(context: ExecutionContext): void {
  const { method, headers } = context.switchToHttp().getRequest<SentMessage>();
  if (!WRITING.has(method) || !hasBody(headers)) return;
  const type = headers['content-type']?.split(';', 1)[0].trim().toLowerCase();
  if (type === JSON_TYPE || (type === MERGE_PATCH_TYPE && method === 'PATCH')) return;
  const expected = method === 'PATCH' ? `${JSON_TYPE} or ${MERGE_PATCH_TYPE}` : JSON_TYPE;
  throw new UnsupportedMediaTypeException(`the Content-Type of the body must be ${expected}`);
}

/** HTTP/2 may leave the length out: then a type says that there is a body. */
function hasBody(headers: SentMessage['headers']): boolean {
  const length = headers['content-length'];
  if (length !== undefined) return length.trim() !== '0';
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers[':method'] !== undefined && headers['content-type'] !== undefined)
  );
}
