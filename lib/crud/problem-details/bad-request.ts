import { BadRequestException } from '@nestjs/common';
import type { Problem } from './problem.js';

/** Longest name of a client that an answer repeats. */
const MAX_ECHO = 64;

/** A 400 that knows what is wrong where. Its body has the shape that Nest's ValidationPipe answers with. */
export class InvalidRequestException extends BadRequestException {
  constructor(readonly problems: readonly Problem[]) {
    super([...new Set(problems.map(({ detail }) => detail))]);
  }
}

/**
 * A 400 whose `message` is a list, one text per problem.
 *
 * @param problems what is wrong, or texts that say so
 */
export function badRequest(problems: readonly (Problem | string)[]): InvalidRequestException {
  return new InvalidRequestException(
    problems.map((problem) => (typeof problem === 'string' ? { detail: problem, code: 'invalid' } : problem)),
  );
}

/** A name that came from a client, short enough to be repeated. */
export function quoted(name: string): string {
  return `'${shortened(name)}'`;
}

/** A name that came from a client, cut to what an answer repeats. */
export function shortened(name: string): string {
  return name.length > MAX_ECHO ? `${name.slice(0, MAX_ECHO)}…` : name;
}
