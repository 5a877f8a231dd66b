import { BadRequestException } from '@nestjs/common';
import type { RequestError } from './request-error.js';

/** A 400 with the errors of the request. Its body has the format of Nest's ValidationPipe. */
export class InvalidRequestException extends BadRequestException {
  constructor(readonly problems: readonly RequestError[]) {
    super([...new Set(problems.map(({ detail }) => detail))]);
  }
}

/**
 * Creates a 400 whose `message` is a list with one text per error.
 *
 * @param problems errors, or their texts
 */
export function badRequest(problems: readonly (RequestError | string)[]): InvalidRequestException {
  return new InvalidRequestException(
    problems.map((problem) => (typeof problem === 'string' ? { detail: problem, code: 'invalid' } : problem)),
  );
}
