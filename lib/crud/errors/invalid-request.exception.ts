import { BadRequestException } from '@nestjs/common';
import type { RequestError } from './request-error.js';

/** A 400 that knows what is wrong where. Its body has the shape that Nest's ValidationPipe answers with. */
export class InvalidRequestException extends BadRequestException {
  constructor(readonly problems: readonly RequestError[]) {
    super([...new Set(problems.map(({ detail }) => detail))]);
  }
}

/**
 * A 400 whose `message` is a list, one text per problem.
 *
 * @param problems what is wrong, or texts that say so
 */
export function badRequest(problems: readonly (RequestError | string)[]): InvalidRequestException {
  return new InvalidRequestException(
    problems.map((problem) => (typeof problem === 'string' ? { detail: problem, code: 'invalid' } : problem)),
  );
}
