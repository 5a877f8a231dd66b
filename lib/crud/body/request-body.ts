import { isPlainObject } from '../../common/is-plain-object.js';
import { badRequest } from '../errors/invalid-request.exception.js';

/** Maximum nesting depth of a body, so that recursive code cannot overflow the stack. */
const MAX_DEPTH = 64;
/** Keys that would reach an object's prototype if code copied the body without care. */
const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype'];

/**
 * Returns a request body as a record of its own keys.
 *
 * @throws BadRequestException if the body is not an object, has a prototype key or is nested too deeply
 */
export function requirePlainObject(body: unknown): Readonly<Record<string, unknown>> {
  if (!isPlainObject(body)) throw badRequest(['the body must be an object']);
  const forbidden = PROTOTYPE_KEYS.filter((key) => Object.hasOwn(body, key));
  if (forbidden.length > 0)
    throw badRequest(
      forbidden.map((key) => ({ detail: `property ${key} should not exist`, code: 'unknown', pointer: `/${key}` })),
    );
  checkNesting(body);
  return body;
}

/** Iterates level by level, because recursion could overflow the stack. */
function checkNesting(body: object): void {
  let level: object[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw badRequest([`the body is nested deeper than ${MAX_DEPTH} levels`]);
    if (level.some((value) => Object.hasOwn(value, '__proto__'))) {
      throw badRequest(['property __proto__ should not exist']);
    }
    level = level.flatMap(objectsIn);
  }
}

function objectsIn(value: object): object[] {
  return Object.values<unknown>(value as Record<string, unknown>).filter(
    (item): item is object => typeof item === 'object' && item !== null,
  );
}
