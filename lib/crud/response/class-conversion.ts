import type { Type } from '@nestjs/common';
import { TransformationType, instanceToPlain, plainToInstance } from 'class-transformer';
import type { ClassTransformOptions, TypeHelpOptions } from 'class-transformer';
import { isPlainObject } from '../../common/is-plain-object.js';
import { escapeReservedKeys, hasReservedKeys, unescapeReservedKeys } from '../model/reserved-keys.js';
import { ClassPlan } from './class-plan.js';
import type { Direction, PlannedProperty } from './class-plan.js';

/*
 * Instances to JSON, and rows to response DTOs, by the decorators of class-transformer, as its `instanceToPlain` and
 * `plainToInstance` convert them. These look up the decorators of each property of each row; here a class is read once.
 * Unlike class-transformer, which takes the key `constructor` of stored JSON for a class, this keeps any key of a plain
 * object.
 */

/** Thrown for a value that only class-transformer converts: a map, a promise, a `@Type()` with a discriminator. */
class NotCompiledError extends Error {}

/**
 * Converts an instance, its related instances and JSON values to plain objects, like `instanceToPlain`.
 *
 * @param dto the class of the response, whose exposed properties are taken from the instance; like `plainToInstance`
 *   with `excludeExtraneousValues`
 */
export function serialize(value: object, dto?: Type<object>): unknown {
  try {
    return convert('out', dto === undefined ? value : convert('in', value, dto), undefined);
  } catch (error) {
    if (!(error instanceof NotCompiledError)) throw error;
    return serializeByReference(value, dto);
  }
}

/** Converts a value with class-transformer itself. */
function serializeByReference(value: object, dto: Type<object> | undefined): unknown {
  const escaped = escapeInstance(value) as object;
  return unescapeReservedKeys(
    instanceToPlain(
      dto === undefined ? escaped : plainToInstance(dto, escaped, { excludeExtraneousValues: true }),
    ) as unknown,
  );
}

/** Renames keys of stored JSON that class-transformer would interpret, in a row and its related rows. */
function escapeInstance(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(escapeInstance);
  if (!isInstance(value)) return escapeReservedKeys(value);
  const copy = Object.create(Object.getPrototypeOf(value) as object) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) copy[key] = escapeInstance(item);
  return copy;
}

/** Checks for an instance of an application's class. */
function isInstance(value: unknown): value is object {
  const isBuiltIn = BUILT_IN.some((type) => value instanceof type);
  return typeof value === 'object' && value !== null && !isPlainObject(value) && !isBuiltIn;
}

const BUILT_IN = [Date, Buffer, Map, Set, Promise];

/** The options that class-transformer hands to `@Transform()`. */
const OPTIONS: Record<Direction, ClassTransformOptions> = {
  in: optionsOf({ excludeExtraneousValues: true }),
  out: optionsOf({}),
};
const TRANSFORMATIONS = { in: TransformationType.PLAIN_TO_CLASS, out: TransformationType.CLASS_TO_PLAIN } as const;

type Convert = (value: unknown) => unknown;

/** Conversions to the types of JSON that a `@Type()` may name. */
const TO_SCALAR: ReadonlyMap<Function | undefined, Convert> = new Map<Function | undefined, Convert>([
  [String, String],
  [Number, Number],
  [Boolean, Boolean],
]);

/** @param type the class that a `@Type()` names, or the class of a DTO */
function convert(direction: Direction, value: unknown, type: Function | undefined): unknown {
  if (type === undefined && (typeof value !== 'object' || value === null)) return value;
  if (Array.isArray(value)) return value.map((item) => convert(direction, item, type));
  if (value instanceof Set || value instanceof Map) throw new NotCompiledError();
  const toScalar = TO_SCALAR.get(type);
  if (toScalar !== undefined) return value === null || value === undefined ? value : toScalar(value);
  if (value instanceof Date) return new Date(value.valueOf());
  if (type === Date) return value === null || value === undefined ? value : new Date(value as string);
  if (value instanceof Buffer) return Buffer.from(value);
  if (type === Buffer) throw new NotCompiledError();
  if (typeof value !== 'object' || value === null) return value;
  if ('then' in value && typeof value.then === 'function') throw new NotCompiledError();
  const target = type ?? classOf(value);
  return target === undefined ? convertPlain(direction, value) : convertProperties(direction, value, target);
}

/** @returns undefined for a plain object, whatever its keys are called */
function classOf(value: object): Function | undefined {
  if (isPlainObject(value)) return undefined;
  const { constructor } = value;
  if (typeof constructor !== 'function' || constructor === Array || Object.hasOwn(value, 'constructor'))
    throw new NotCompiledError();
  return constructor === Object ? undefined : constructor;
}

function convertPlain(direction: Direction, value: object): Record<string, unknown> {
  const source = value as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(source)) {
    if (typeof source[key] === 'function') throw new NotCompiledError();
    const converted = convert(direction, source[key], undefined);
    if (key === '__proto__') Object.defineProperty(copy, key, { ...WRITABLE, value: converted });
    else copy[key] = converted;
  }
  return copy;
}

const WRITABLE = { configurable: true, enumerable: true, writable: true };

function convertProperties(direction: Direction, value: object, target: Function): object {
  // Stored JSON with a `@Type()`: its keys have to be escaped.
  if (isPlainObject(value) && hasReservedKeys(value)) throw new NotCompiledError();
  const plan = ClassPlan.of(target, direction);
  const source = value as Record<string, unknown>;
  const result = (direction === 'in' ? Reflect.construct(target, []) : {}) as Record<string, unknown>;
  const convertProperty = direction === 'in' ? readProperty : showProperty;
  const own = direction === 'out' && plan.showsOwn ? Object.keys(source) : NONE;
  for (const key of own) convertProperty(plan, key, source, result);
  for (const key of plan.exposed) if (!own.includes(key)) convertProperty(plan, key, source, result);
  return result;
}

const NONE: readonly string[] = [];

type PropertyConversion = (
  plan: ClassPlan,
  key: string,
  source: Record<string, unknown>,
  result: Record<string, unknown>,
) => void;

const showProperty: PropertyConversion = (plan, key, source, result) => {
  const property = plan.property(key);
  if (property === undefined) return;
  const value = source[key];
  if (property.isUnchanged && isScalar(value)) {
    result[property.target] = value;
    return;
  }
  const type = typeOf(property, source, result);
  const transformed = transform('out', property, value, source);
  const shown = transformed === value && typeof value === 'function' ? (source[key] as () => unknown)() : transformed;
  result[property.target] = convert('out', shown, type);
};

const readProperty: PropertyConversion = (plan, key, source, result) => {
  const property = plan.property(key);
  if (property === undefined || !isAssignable(result, property.target)) return;
  const type = typeOf(property, source, result);
  if (Array.isArray(source[key]) && isOtherList(property.type?.reflectedType)) throw new NotCompiledError();
  result[property.target] = transform('in', property, convert('in', source[key], type), source);
};

/** Checks for a value that JSON contains as it is. */
function isScalar(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

/** The parts of a `@Type()` that are read. The declared types lack what may be missing. */
interface NamedType {
  readonly options?: { readonly discriminator?: unknown };
  /** The declared type of the property. */
  readonly reflectedType?: Function;
  readonly typeFunction?: (help: TypeHelpOptions) => Function | undefined;
}

/** Returns the class that a `@Type()` names. */
function typeOf({ type, own }: PlannedProperty, object: object, newObject: object): Function | undefined {
  if (type === undefined) return undefined;
  const { options, reflectedType, typeFunction } = type as NamedType;
  if (options?.discriminator !== undefined || reflectedType === Map) throw new NotCompiledError();
  if (typeFunction === undefined) return reflectedType;
  return typeFunction({ newObject, object: object as Record<string, unknown>, property: own });
}

function transform(
  direction: Direction,
  { own, transforms }: PlannedProperty,
  value: unknown,
  source: Record<string, unknown>,
): unknown {
  return transforms.reduce<unknown>(
    (before, { transformFn }) =>
      transformFn({
        value: before,
        key: own,
        obj: source,
        type: TRANSFORMATIONS[direction],
        options: OPTIONS[direction],
      }) as unknown,
    value,
  );
}

/** Checks that a property is neither a getter without a setter nor a method. */
function isAssignable(result: Record<string, unknown>, property: string): boolean {
  const { prototype } = result.constructor as { readonly prototype: object };
  const descriptor = Object.getOwnPropertyDescriptor(prototype, property);
  return (descriptor === undefined || descriptor.set !== undefined) && typeof result[property] !== 'function';
}

/** Checks for a property declared as another list than an array, which class-transformer would create. */
function isOtherList(type: unknown): boolean {
  return (
    typeof type === 'function' && (type === Set || type.prototype instanceof Set || type.prototype instanceof Array)
  );
}

function optionsOf(own: ClassTransformOptions): ClassTransformOptions {
  return {
    enableCircularCheck: false,
    enableImplicitConversion: false,
    excludeExtraneousValues: false,
    exposeDefaultValues: false,
    exposeUnsetFields: true,
    ignoreDecorators: false,
    ...own,
  };
}
