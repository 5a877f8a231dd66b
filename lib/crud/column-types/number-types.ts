import type { ColumnType } from './column-type.js';

const INTEGER = /^-?\d{1,20}$/;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i;
/** The same pattern for JSON Schema, which has no regular expression flags. */
const DECIMAL_PATTERN = DECIMAL.source.replace('(e', '([eE]');
/** Maximum length of a decimal, in characters. It bounds the cost of parsing a client's input. */
const MAX_DECIMAL_LENGTH = 200;

/** Returns a type for integers within the range of a database type. */
export function integer(min: number, max: number): ColumnType {
  const read = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  // Every integer in JSON is within the bounds of safe integers.
  const isBounded = Math.abs(min) < Number.MAX_SAFE_INTEGER || max < Number.MAX_SAFE_INTEGER;
  return {
    description: `an integer from ${min} to ${max}`,
    comparability: 'order',
    schema: { type: 'integer', ...(isBounded && { minimum: min, maximum: max }) },
    fromJson: read,
    fromText: (text) => (INTEGER.test(text) ? read(Number(text)) : undefined),
  };
}

/**
 * Returns a type for 64-bit integers. JavaScript's numbers cannot hold them, so they are strings, in JSON too.
 *
 * @param bits how many bits the driver returns exactly
 */
export function bigInteger(unsigned: boolean, bits: 53 | 64): ColumnType {
  const format = unsigned ? 'uint64' : 'int64';
  const [min, max] = rangeOf(unsigned, bits);
  const read = (value: unknown): string | undefined => {
    const exact =
      typeof value === 'bigint' || Number.isSafeInteger(value) || (typeof value === 'string' && INTEGER.test(value));
    if (!exact) return undefined;
    const number = BigInt(value as bigint | number | string);
    return number >= min && number <= max ? String(number) : undefined;
  };
  return {
    description: `a whole number from ${min} to ${max}, as a string`,
    comparability: 'order',
    schema: { type: 'string', format, pattern: INTEGER.source },
    inputSchema: { type: ['string', 'integer'], format, pattern: INTEGER.source },
    fromJson: read,
    fromText: read,
    toJson: toDecimalString,
  };
}

function rangeOf(unsigned: boolean, bits: 53 | 64): [min: bigint, max: bigint] {
  const safe = BigInt(Number.MAX_SAFE_INTEGER);
  if (bits === 53) return [unsigned ? 0n : -safe, safe];
  return unsigned ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
}

/**
 * Returns a type for exact decimals, as strings or numbers. The database rounds digits after the scale; too many digits
 * before the point are rejected.
 */
export function decimal(precision: number | null | undefined, scale: number | undefined): ColumnType {
  const isBounded = precision !== null && precision !== undefined;
  const fits = (text: string): boolean =>
    text.length <= MAX_DECIMAL_LENGTH &&
    DECIMAL.test(text) &&
    (isBounded ? roundedDigits(text, scale ?? 0) <= precision : Number.isFinite(Number(text)));
  return {
    description: `a decimal number${isBounded ? ` of at most ${precision - (scale ?? 0)} digits before the point` : ''}`,
    comparability: 'order',
    schema: { type: 'string', format: 'decimal', pattern: DECIMAL_PATTERN },
    inputSchema: { type: ['string', 'number'], format: 'decimal', pattern: DECIMAL_PATTERN },
    fromJson: (value) =>
      (typeof value === 'number' || typeof value === 'string') && fits(String(value)) ? value : undefined,
    fromText: (text) => (fits(text) ? text : undefined),
    toJson: toDecimalString,
  };
}

/**
 * Counts the digits of a decimal rounded to a scale. Uses BigInt, because floating point would be off by one near a
 * bound.
 */
function roundedDigits(text: string, scale: number): number {
  const [, whole = '', fraction = '', exponent = '0'] = /^[+-]?(\d*)\.?(\d*)(?:e(.+))?$/i.exec(text)!;
  const digits = BigInt(`${whole}${fraction}`);
  const shift = Number(exponent) - fraction.length + scale;
  const unit = 10n ** BigInt(Math.abs(shift));
  const rounded = shift < 0 ? (digits + unit / 2n) / unit : digits * unit;
  return rounded === 0n ? 0 : String(rounded).length;
}

/** Returns a type for floating point numbers of 64 or 32 bits. */
export function float(bits: 32 | 64): ColumnType {
  const read = (value: unknown): number | undefined => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
    const single = Math.fround(value);
    const lost = bits === 32 && (!Number.isFinite(single) || (single === 0 && value !== 0));
    return lost ? undefined : value;
  };
  return {
    description: 'a number',
    comparability: 'order',
    schema: { type: 'number', format: bits === 32 ? 'float' : 'double' },
    fromJson: read,
    fromText: (text) => (text.length <= MAX_DECIMAL_LENGTH && DECIMAL.test(text) ? read(Number(text)) : undefined),
  };
}

/** Converts to a string, because drivers return strings, numbers or bigints. */
function toDecimalString(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
}
