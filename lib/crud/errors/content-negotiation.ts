import type { ArgumentsHost } from '@nestjs/common';
import { PROBLEM_MEDIA_TYPE } from './problem-details.js';

/** When errors go out as problem documents: always, or where the client's `Accept` prefers them to plain JSON. */
export type ProblemDetailsMode = true | 'negotiate';

interface AcceptingRequest {
  readonly headers: { readonly accept?: string };
}

/** Whether the answer to an HTTP request is to be a problem document. */
export function wantsProblemDocument(host: ArgumentsHost, mode: ProblemDetailsMode): boolean {
  return mode === true || prefersProblems(host.switchToHttp().getRequest<AcceptingRequest>().headers.accept ?? '');
}

function prefersProblems(accept: string): boolean {
  const problems = qualityOf(accept, PROBLEM_MEDIA_TYPE);
  return problems > 0 && problems >= qualityOf(accept, 'application/json');
}

/** How much a client wants a media type that it names; 0 where it does not. */
function qualityOf(accept: string, mediaType: string): number {
  for (const range of accept.split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== mediaType) continue;
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
  }
  return 0;
}
