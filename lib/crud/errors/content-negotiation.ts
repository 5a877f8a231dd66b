import type { ArgumentsHost } from '@nestjs/common';
import { PROBLEM_MEDIA_TYPE } from './problem-details.js';

/** When errors are sent as problem details: always, or if the client's `Accept` prefers them to plain JSON. */
export type ProblemDetailsMode = true | 'negotiate';

interface AcceptingRequest {
  readonly headers: { readonly accept?: string };
}

/** Checks whether the error response to a request is to be in problem details format. */
export function wantsProblemDocument(host: ArgumentsHost, mode: ProblemDetailsMode): boolean {
  return prefersProblemDocument(host.switchToHttp().getRequest<AcceptingRequest>().headers.accept ?? '', mode);
}

/**
 * Like {@link wantsProblemDocument}.
 *
 * @param accept the `Accept` header; an empty string without one
 */
export function prefersProblemDocument(accept: string, mode: ProblemDetailsMode): boolean {
  if (mode === true) return true;
  const problems = qualityOf(accept, PROBLEM_MEDIA_TYPE);
  return problems > 0 && problems >= qualityOf(accept, 'application/json');
}

/** Returns the quality of a media type in an `Accept` header; 0 if the header does not list it. */
function qualityOf(accept: string, mediaType: string): number {
  for (const range of accept.split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== mediaType) continue;
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
  }
  return 0;
}
