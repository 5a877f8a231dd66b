import { STATUS_CODES } from 'node:http';
import { HttpException, HttpStatus } from '@nestjs/common';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { conflictProblems, referenceProblem } from './request-error.js';
import type { RequestError } from './request-error.js';

/** The media type of {@link ProblemDetails}. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * The body of an error response (RFC 9457). `type` is always `about:blank`, because the status identifies the kind of
 * error.
 */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The errors of the request and their locations. */
  readonly errors?: readonly RequestError[];
}

/** An exception whose body is already in problem details format. */
export class ProblemException extends HttpException {
  constructor(exception: HttpException) {
    const document = problemDocumentOf(exception);
    super(document, document.status, { cause: exception });
  }
}

/** Converts an HttpException to problem details, with the same information as Nest's body. */
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
