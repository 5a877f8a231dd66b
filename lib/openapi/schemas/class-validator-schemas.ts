import { enumSchema, membersOf } from '../../crud/column-types/enum-schema.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';

type Rule = (...constraints: readonly unknown[]) => JsonSchema;

const is =
  (schema: JsonSchema): Rule =>
  () =>
    schema;
const text = (schema: JsonSchema = {}): Rule => is({ type: 'string', ...schema });
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const keep = (schema: { [K in keyof JsonSchema]: JsonSchema[K] | undefined }): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));

/**
 * The JSON Schemas of class-validator's rules, by the names under which it stores them. All of them reject undefined.
 * Other rules are ignored, because custom rules of the application are unknown.
 */
export const VALIDATOR_RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['isString', text()],
  ['isInt', is({ type: 'integer' })],
  ['isNumber', is({ type: 'number' })],
  ['isBoolean', is({ type: 'boolean' })],
  ['isArray', is({ type: 'array' })],
  ['isObject', is({ type: 'object' })],
  ['isNotEmptyObject', is({ type: 'object', minProperties: 1 })],
  ['isDate', text({ format: 'date-time' })],
  ['isDefined', is({})],
  ['isNotEmpty', is({ minLength: 1 })],
  ['equals', (value) => (typeof value === 'object' ? { const: value } : enumSchema([value]))],
  ['isIn', (values) => enumSchema(Array.isArray(values) ? values : [])],
  ['isEnum', (members) => enumSchema(membersOf(members))],

  ['min', (minimum) => keep({ type: 'number', minimum: number(minimum) })],
  ['max', (maximum) => keep({ type: 'number', maximum: number(maximum) })],
  ['isPositive', is({ type: 'number', exclusiveMinimum: 0 })],
  ['isNegative', is({ type: 'number', exclusiveMaximum: 0 })],
  ['isDivisibleBy', (divisor) => keep({ type: 'number', multipleOf: number(divisor) })],

  ['isLength', (min, max) => keep({ type: 'string', minLength: number(min), maxLength: number(max) })],
  ['minLength', (min) => keep({ type: 'string', minLength: number(min) })],
  ['maxLength', (max) => keep({ type: 'string', maxLength: number(max) })],
  ['matches', (pattern, flags) => keep({ type: 'string', pattern: patternOf(pattern, flags) })],
  ['contains', (part) => ({ type: 'string', pattern: escaped(String(part)) })],
  ['isEmail', text({ format: 'email' })],
  ['isUuid', text({ format: 'uuid' })],
  ['isUrl', text({ format: 'uri' })],
  ['isFqdn', text({ format: 'hostname' })],
  ['isIp', (version) => keep({ type: 'string', format: ipFormat(version) })],
  ['isDateString', text({ format: 'date-time' })],
  ['isIso8601', text({ format: 'date-time' })],
  ['isRFC3339', text({ format: 'date-time' })],
  ['isMilitaryTime', text({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' })],
  ['isHexColor', text({ pattern: '^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$' })],
  ['isMongoId', text({ pattern: '^[0-9A-Fa-f]{24}$' })],
  ['isBooleanString', text({ enum: ['true', 'false', '1', '0'] })],
  ...['isNumberString', 'isDecimal', 'isJson', 'isJwt', 'isBase64', 'isAlpha', 'isAlphanumeric', 'isAscii'].map(
    (name): [string, Rule] => [name, text()],
  ),
  ...['isLowercase', 'isUppercase', 'isPort', 'isPhoneNumber', 'isMobilePhone', 'isLocale', 'isTimeZone'].map(
    (name): [string, Rule] => [name, text()],
  ),

  ['arrayMinSize', (min) => keep({ type: 'array', minItems: number(min) })],
  ['arrayMaxSize', (max) => keep({ type: 'array', maxItems: number(max) })],
  ['arrayNotEmpty', is({ type: 'array', minItems: 1 })],
  ['arrayUnique', (identify) => keep({ type: 'array', uniqueItems: identify === undefined ? true : undefined })],
]);

/** Returns undefined for a pattern that needs flags: JSON Schema has none and reads patterns as Unicode. */
function patternOf(pattern: unknown, flags: unknown): string | undefined {
  if (typeof pattern !== 'string' && !(pattern instanceof RegExp)) return undefined;
  try {
    const { source, flags: modes } = new RegExp(
      pattern,
      pattern instanceof RegExp ? pattern.flags : typeof flags === 'string' ? flags : '',
    );
    return /^[gu]*$/.test(modes) && new RegExp(source, 'u') ? source : undefined;
  } catch {
    return undefined;
  }
}

function ipFormat(version: unknown): string | undefined {
  return typeof version === 'string' || typeof version === 'number' ? `ipv${version}` : undefined;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
