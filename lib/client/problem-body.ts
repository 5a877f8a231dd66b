import type { ProblemDetail } from './api-problem.js';

/** What the body of an error response says. */
export interface ProblemBody {
  /** The status that the body repeats. */
  readonly status?: number;
  readonly message?: string;
  readonly errors: readonly ProblemDetail[];
}

/** Parses the body of an error response: problem details, Nest's format, or anything else. */
export function parseProblemBody(body: unknown): ProblemBody {
  if (!isRecord(body)) return { errors: [] };
  return isProblemDetails(body) ? parseProblemDetails(body) : parseNestBody(body);
}

/** Checks whether a value is the body of an error response of the API. */
export function isProblemBody(value: unknown): boolean {
  return isRecord(value) && (isProblemDetails(value) || (isErrorStatus(value['statusCode']) && 'message' in value));
}

/** Checks whether a status is that of an error. */
export function isErrorStatus(status: unknown): status is number {
  return typeof status === 'number' && status >= 400 && status <= 599;
}

/** Checks whether a value is an object whose properties may be read. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isProblemDetails({ status, title, statusCode }: Readonly<Record<string, unknown>>): boolean {
  return isErrorStatus(status) && typeof title === 'string' && statusCode === undefined;
}

function parseProblemDetails({ status, title, detail, errors }: Readonly<Record<string, unknown>>): ProblemBody {
  return {
    status: status as number,
    message: textOf(detail) ?? textOf(title),
    errors: Array.isArray(errors) ? errors.filter(isRecord).map(parseError) : [],
  };
}

function parseError({ detail, code, pointer, parameter }: Readonly<Record<string, unknown>>): ProblemDetail {
  return {
    message: textOf(detail) ?? '',
    ...(typeof code === 'string' && { code }),
    ...(typeof pointer === 'string' && parsePointer(pointer)),
    ...(typeof parameter === 'string' && { parameter }),
  };
}

/** Parses a JSON pointer. In a list the first part is the element. */
function parsePointer(pointer: string): Pick<ProblemDetail, 'field' | 'element'> {
  const [, ...parts] = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const isElement = /^\d+$/.test(parts[0] ?? '');
  const path = isElement ? parts.slice(1) : parts;
  return {
    ...(isElement && { element: Number(parts[0]) }),
    ...(path.length > 0 && { field: path.join('.') }),
  };
}

/** In Nest's format `message` is a text, or a list with one text per error. */
function parseNestBody({ statusCode, message, error }: Readonly<Record<string, unknown>>): ProblemBody {
  const texts = Array.isArray(message) ? message.filter((text) => typeof text === 'string') : [];
  return {
    ...(isErrorStatus(statusCode) && { status: statusCode }),
    message: textOf(message) ?? (texts.length > 0 ? undefined : textOf(error)),
    errors: texts.map(parseText),
  };
}

/** The texts of a list body begin with the index of the element: `[3] subject must be a string`. */
function parseText(text: string): ProblemDetail {
  const [, index, message] = /^\[(\d+)\] (.*)$/s.exec(text) ?? [];
  return index === undefined ? { message: text } : { message, element: Number(index) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
