import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import { TenantScopeInvalidError } from '../../errors/tenant-scope-invalid.error.js';
import { storedScopeValue } from './scope-limits.js';

/** A value in a tenant scope: what a tenant column holds. */
export type ScopeValue = string | number | bigint;

/**
 * What the rows of one tenant have in common, for example `{ organizationId: 7 }`. ANDed to every read, stamped on
 * every write. Several keys are one scope: `{ regionId: 2, organizationId: 7 }`.
 */
export type TenantScope = Readonly<Record<string, ScopeValue>>;

/** The declared type of a scope key. */
export type ScopeValueType = NumberConstructor | StringConstructor | BigIntConstructor;

/** The keys of a tenant scope and their types, for example `{ organizationId: Number }`. */
export type ScopeDeclaration = Readonly<Record<string, ScopeValueType>>;

/** Longest string that is accepted as a scope value, in characters: tenant keys are short, a client's nonsense is not. */
const MAX_STRING_LENGTH = 255;

/**
 * A tenant scope that has been checked against the declaration. Only such a one can be put in force.
 * Two scopes with the same values are the same instance as far as `fingerprint` tells.
 */
export interface ValidScope {
  readonly values: TenantScope;
  /** Identifies the scope's values within the process; the same values give the same text. */
  readonly fingerprint: string;
}

let declared: ScopeDeclaration | undefined;
let declaredKeys = '';

/**
 * Declares the keys of a tenant scope for this process. `MuckModule.forRoot` calls it; a script without Nest calls it itself.
 *
 * @param declaration keys and types; at least one key
 * @throws MuckConfigurationError when empty, of an unknown type, or different from what this process declared before
 * @example
 * declareScope({ organizationId: Number });
 */
export function declareScope(declaration: ScopeDeclaration): void {
  const keys = Object.keys(declaration);
  if (keys.length === 0) {
    throw new MuckConfigurationError(['the scope has no keys: say for example scope: { organizationId: Number }']);
  }
  for (const key of keys) {
    const type: unknown = declaration[key];
    if (type !== Number && type !== String && type !== BigInt) {
      throw new MuckConfigurationError([`the scope key '${key}' has no known type: say Number, String or BigInt`]);
    }
  }
  if (declared !== undefined && describe(declared) !== describe(declaration)) {
    throw new MuckConfigurationError([
      `one process has one scope: it was declared as ${describe(declared)} and now as ${describe(declaration)}`,
    ]);
  }
  declared ??= Object.freeze({ ...declaration });
  declaredKeys = JSON.stringify(Object.keys(declared));
}

/**
 * The keys of a tenant scope in this process.
 *
 * @throws MuckConfigurationError when nothing has declared them
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
 * Type confusion is the classic way in, so nothing is coerced: an object, an array, a FindOperator, NaN, an unsafe
 * integer, an empty or overlong string, null and undefined are all refused. So is a value that a tenant column of an open DataSource would
 * cut, round, pad or replace. A UUID is put in force in lower case if all its columns are of the type uuid.
 *
 * @throws TenantScopeInvalidError naming keys and types, never the value
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
    // A database rounds a fraction, or an integer beyond the safe range, to another tenant's number.
    if (Number.isSafeInteger(value)) return value;
    throw new TenantScopeInvalidError(
      `${key} must be a whole number in the safe range; declare it as BigInt or String for larger ones`,
    );
  }
  if (type === String && typeof value === 'string' && value.trim() !== '') {
    if (value.length > MAX_STRING_LENGTH) {
      throw new TenantScopeInvalidError(`${key} is a string of more than ${MAX_STRING_LENGTH} characters`);
    }
    // No database keeps half of a surrogate pair, and PostgreSQL no NUL.
    if (/[\p{Surrogate}\0]/u.test(value)) {
      throw new TenantScopeInvalidError(`${key} is a string with a character that databases do not store`);
    }
    return value;
  }
  if (type === BigInt && typeof value === 'bigint') return value;
  throw new TenantScopeInvalidError(`${key} must be a ${nameOf(type)}, got ${kindOf(value)}`);
}

/** The keys are in it for a query cache, which processes with another declaration may share; their text is made once. */
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
