import { BadRequestException } from '@nestjs/common';

/** Longest name of a client that an answer repeats. */
const MAX_ECHO = 64;

/**
 * A 400 in the shape that Nest's ValidationPipe answers with: `message` is a list, one text per problem.
 *
 * @param problems texts that name fields and parameters, never values
 */
export function badRequest(problems: readonly string[]): BadRequestException {
  return new BadRequestException([...new Set(problems)]);
}

/** A name that came from a client, short enough to be repeated. */
export function quoted(name: string): string {
  return `'${name.length > MAX_ECHO ? `${name.slice(0, MAX_ECHO)}…` : name}'`;
}
