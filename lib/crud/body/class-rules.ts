import { getMetadataStorage, validate } from 'class-validator';
import type { ValidationError } from 'class-validator';

/** The properties that a class has class-validator rules for. */
export function ruledProperties(type: Function): ReadonlySet<string> {
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
 * @returns texts that name the properties, empty when all is well
 */
export async function problemsOf(
  object: object,
  partial: boolean,
  settled: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const errors = await validate(object, {
    whitelist: true,
    forbidUnknownValues: false,
    skipUndefinedProperties: partial,
    validationError: { target: false, value: false },
  });
  return errors.filter(({ property }) => !settled.has(property)).flatMap((error) => messagesOf(error, ''));
}

/** Nested messages carry the path, as Nest's ValidationPipe writes it. */
function messagesOf({ property, constraints, children }: ValidationError, prefix: string): string[] {
  return [
    ...Object.values(constraints ?? {}).map((message) => prefix + message),
    ...(children ?? []).flatMap((child) => messagesOf(child, `${prefix}${property}.`)),
  ];
}
