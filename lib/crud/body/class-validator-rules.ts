import { getMetadataStorage, IS_DEFINED, validate } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { bodyError } from '../errors/request-error.js';
import type { RequestError } from '../errors/request-error.js';

/** The properties that a class has class-validator rules for. */
export function validatedProperties(type: Function): ReadonlySet<string> {
  return new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
  );
}

/**
 * Validates an object by its class's rules. What has no rule is removed from it.
 *
 * @param partial whether properties may be missing
 * @param settled properties of which another problem is known already
 * @returns empty when all is well
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

/** Leaves out of an error what it says of properties that are not there: `@IsDefined()` is asked about them all the same. */
function ofSent(error: ValidationError, holder: unknown): ValidationError[] {
  const value = (holder as Readonly<Record<string, unknown>> | null | undefined)?.[error.property];
  const isAboutNothing = Object.keys(error.constraints ?? {}).every((rule) => rule === IS_DEFINED);
  if (value === undefined && isAboutNothing && (error.children ?? []).length === 0) return [];
  const children = (error.children ?? []).flatMap((child) => ofSent(child, value));
  return [Object.assign(Object.create(error) as ValidationError, { children })];
}

/** Nested messages carry the path, as Nest's ValidationPipe writes it. */
function problemsIn({ property, constraints, children }: ValidationError, prefix: string): RequestError[] {
  return [
    ...Object.entries(constraints ?? {}).map(([rule, message]) => bodyError(prefix + property, prefix + message, rule)),
    ...(children ?? []).flatMap((child) => problemsIn(child, `${prefix}${property}.`)),
  ];
}
