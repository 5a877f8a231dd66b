import { getMetadataStorage, IS_DEFINED, validate } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';

/** Returns the properties of a class that have class-validator rules. */
export function validatedProperties(type: Function): ReadonlySet<string> {
  return new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
  );
}

/**
 * Validates an object with the class-validator rules of its class and removes properties without a rule.
 *
 * @param partial whether properties may be missing
 * @param settled properties that already have another validation error; their errors are dropped
 * @returns empty if the object is valid
 */
export async function validateInstance(
  object: object,
  partial: boolean,
  settled: ReadonlySet<string> = new Set(),
): Promise<RequestError[]> {
  const errors = await validate(object, {
    whitelist: true,
    forbidUnknownValues: false,
    skipUndefinedProperties: partial,
    validationError: { target: false, value: false },
  });
  const found = partial ? errors.flatMap((error) => ofSent(error, object)) : errors;
  return found.filter(({ property }) => !settled.has(property)).flatMap((error) => problemsIn(error, ''));
}

/**
 * Drops errors of properties that were not sent: class-validator checks `@IsDefined()` even with
 * `skipUndefinedProperties`.
 */
function ofSent(error: ValidationError, holder: unknown): ValidationError[] {
  const value = (holder as Readonly<Record<string, unknown>> | null | undefined)?.[error.property];
  const isAboutNothing = Object.keys(error.constraints ?? {}).every((rule) => rule === IS_DEFINED);
  if (value === undefined && isAboutNothing && (error.children ?? []).length === 0) return [];
  const children = (error.children ?? []).flatMap((child) => ofSent(child, value));
  return [Object.assign(Object.create(error) as ValidationError, { children })];
}

/** Prefixes nested messages with the path, as Nest's ValidationPipe does. */
function problemsIn({ property, constraints, children }: ValidationError, prefix: string): RequestError[] {
  return [
    ...Object.entries(constraints ?? {}).map(([rule, message]) => bodyError(prefix + property, prefix + message, rule)),
    ...(children ?? []).flatMap((child) => problemsIn(child, `${prefix}${property}.`)),
  ];
}
