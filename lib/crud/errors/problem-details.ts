import { STATUS_CODES } from 'node:http';
import { HttpException, HttpStatus } from '@nestjs/common';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { conflictProblems, referenceProblem } from './request-error.js';
import type { RequestError } from './request-error.js';

/** The media type of a {@link ProblemDetails}. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The body of an error (RFC 9457). What went wrong is told by the status, so that no type of its own is needed. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** What is wrong with the request, and where. */
  readonly errors?: readonly RequestError[];
}

/** An error whose body is a problem document already. */
export class ProblemException extends HttpException {
  constructor(exception: HttpException) {
    const document = problemDocumentOf(exception);
    super(document, document.status, { cause: exception });
  }
}

/** An HttpException as a problem document: what its body would say in Nest's shape, and nothing more. */
export function problemDocumentOf(exception: HttpException): ProblemDetails {
  const given = exception.getStatus();
  const isError = Number.isInteger(given) && given >= 400 && given <= 599;
  const status: number = isError ? given : HttpStatus.INTERNAL_SERVER_ERROR;
  const title = STATUS_CODES[status] ?? 'Error';
  const detail = detailOf(exception);
  const errors = problemsOf(exception);
  return {
    type: 'about:blank',
    title,
    status,
    ...(detail !== undefined && detail !== title && { detail }),
    ...(errors.length > 0 && { errors }),
  };
}

function detailOf(exception: HttpException): string | undefined {
  const response = exception.getResponse();
  const message: unknown =
    typeof response === 'string' ? response : (response as { readonly message?: unknown }).message;
  if (typeof message === 'string') return message;
  return Array.isArray(message) ? message.map(String).join('; ') : undefined;
}

function problemsOf(exception: HttpException): readonly RequestError[] {
  const { cause, problems } = exception as { readonly cause?: unknown; readonly problems?: readonly RequestError[] };
  if (problems !== undefined) return problems;
  return cause instanceof ReferenceUnknownError ? [referenceProblem(cause)] : conflictProblems(cause);
}
