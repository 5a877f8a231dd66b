import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { storedScopeValue } from './scope-limits.js';

/** Value in a tenant scope: the value of a tenant column. */
export type ScopeValue = string | number | bigint;

/**
 * Scope keys and values that the rows of one tenant share, e.g. `{ organizationId: 7 }`. ANDed to the condition of
 * every read, and set on every write. Several keys form one scope: `{ regionId: 2, organizationId: 7 }`.
 */
export type TenantScope = Readonly<Record<string, ScopeValue>>;

/** Declared type of a scope key. */
export type ScopeValueType = NumberConstructor | StringConstructor | BigIntConstructor;

/** Keys of a tenant scope and their types, e.g. `{ organizationId: Number }`. */
export type ScopeDeclaration = Readonly<Record<string, ScopeValueType>>;

/** Maximum length of a string scope value, in characters. Tenant keys are short; longer client input is invalid. */
const MAX_STRING_LENGTH = 255;

/**
 * Tenant scope that has been checked against the declaration. Only a checked scope can become the current scope. Two
 * scopes with the same values have the same `fingerprint`.
 */
export interface ValidScope {
  readonly values: TenantScope;
  /** Identifies the scope's values within the process: the same values give the same text. */
  readonly fingerprint: string;
}

let declared: ScopeDeclaration | undefined;
let declaredKeys = '';

/**
 * Declares the keys of a tenant scope for this process. `MuckModule.forRoot` calls it; a script without Nest calls it
 * itself.
 *
 * @param declaration keys and types; at least one key
 * @throws MuckConfigurationError if it is empty, a type is unknown, or it differs from an earlier declaration in this
 * process
 * @example
 * declareScope({ organizationId: Number });
 */
export function declareScope(declaration: ScopeDeclaration): void {
  const keys = Object.keys(declaration);
  if (keys.length === 0) {
    throw new MuckConfigurationError([
      'the scope has no keys. Declare at least one, e.g. scope: { organizationId: Number }',
    ]);
  }
  for (const key of keys) {
    const type: unknown = declaration[key];
    if (type !== Number && type !== String && type !== BigInt) {
      throw new MuckConfigurationError([`the scope key '${key}' has an unknown type. Use Number, String or BigInt`]);
    }
  }
  if (declared !== undefined && describe(declared) !== describe(declaration)) {
    throw new MuckConfigurationError([
      `a process has one scope declaration: first ${describe(declared)}, now ${describe(declaration)}`,
    ]);
  }
  declared ??= Object.freeze({ ...declaration });
  declaredKeys = JSON.stringify(Object.keys(declared));
}

/**
 * Returns the keys of the tenant scope in this process.
 *
 * @throws MuckConfigurationError if they are not declared
 */
export function getScopeDeclaration(): ScopeDeclaration {
  if (declared === undefined) {
    throw new MuckConfigurationError([
      'no tenant scope is declared in this process: import MuckModule.forRoot({ scope: { organizationId: Number }, … }), ' +
        'or in a script without Nest call declareScope({ organizationId: Number })',
    ]);
  }
  return declared;
}

/**
 * Checks a value against the declaration: exactly the declared keys, each of exactly its declared type.
 *
 * No value is coerced, because type confusion is a classic attack. Objects, arrays, FindOperators, NaN, unsafe
 * integers, empty or overlong strings, null and undefined are refused. So is a value that a tenant column of an open
 * DataSource would truncate, round, pad or replace.
 *
 * A UUID is converted to lower case if all its columns are of the type uuid.
 *
 * @throws TenantScopeInvalidError with keys and types, but not the value
 */
export function validateScope(candidate: unknown): ValidScope {
  const declaration = getScopeDeclaration();
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) {
    throw new TenantScopeInvalidError(`expected an object ${describe(declaration)}, got ${kindOf(candidate)}`);
  }
  const values: Record<string, ScopeValue> = {};
  for (const [key, type] of Object.entries(declaration)) {
    const value: unknown = Object.hasOwn(candidate, key) ? (candidate as Record<string, unknown>)[key] : undefined;
    values[key] = storedScopeValue(key, checkValue(key, type, value), (column) => {
      throw new TenantScopeInvalidError(`${key} has a value that the column ${column} does not store exactly`);
    });
  }
  const unknown = Object.keys(candidate).filter((key) => !Object.hasOwn(declaration, key));
  if (unknown.length > 0) {
    throw new TenantScopeInvalidError(`expected exactly ${describe(declaration)}, got ${unknown.length} more key(s)`);
  }
  return Object.freeze({ values: Object.freeze(values), fingerprint: fingerprint(values) });
}

function checkValue(key: string, type: ScopeValueType, value: unknown): ScopeValue {
  if (type === Number && typeof value === 'number') {
    // A database rounds a fraction, or an unsafe integer, to a number that may be another tenant's.
    if (Number.isSafeInteger(value)) return value;
    throw new TenantScopeInvalidError(
      `${key} must be a whole number in the safe range; declare it as BigInt or String for larger ones`,
    );
  }
  if (type === String && typeof value === 'string' && value.trim() !== '') {
    if (value.length > MAX_STRING_LENGTH) {
      throw new TenantScopeInvalidError(`${key} is a string of more than ${MAX_STRING_LENGTH} characters`);
    }
    // No database stores a lone surrogate, and PostgreSQL stores no NUL character.
    if (/[\p{Surrogate}\0]/u.test(value)) {
      throw new TenantScopeInvalidError(`${key} is a string with a character that databases do not store`);
    }
    return value;
  }
  if (type === BigInt && typeof value === 'bigint') return value;
  throw new TenantScopeInvalidError(`${key} must be a ${nameOf(type)}, got ${kindOf(value)}`);
}

/** Contains the keys, because processes with another declaration may share a query cache. Their text is built once. */
function fingerprint(values: TenantScope): string {
  let text = declaredKeys;
  for (const value of Object.values(values)) {
    text += typeof value === 'string' ? `${JSON.stringify(value)},` : `${typeof value} ${value},`;
  }
  return text;
}

function nameOf(type: ScopeValueType): string {
  return type === Number ? 'number' : type === String ? 'non-empty string' : 'bigint';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : 'a number';
  if (typeof value === 'string') return value.trim() === '' ? 'an empty string' : 'a string';
  return typeof value === 'object' ? 'an object' : typeof value;
}

function describe(declaration: ScopeDeclaration): string {
  return `{ ${Object.entries(declaration)
    .map(([key, type]) => `${key}: ${type.name}`)
    .join(', ')} }`;
}
