import { randomInt, randomUUID } from 'node:crypto';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DATE = /^\d{4}-\d\d-\d\d/;
/** Below it, a missing number also fits a column of 16 bits. */
const SMALL = 20_000;
const MISSING_SMALL = 32_000;
/** Within the range of a 32-bit integer, far above the keys of a test database. */
const MISSING_LARGE = 2_000_000_000;
const LETTERS = 'bcdfghjklmnpqrstvwxz';

let serial = randomInt(1000);

/**
 * Returns a value of the same form that no row has, another one each time: the response to it is what a request for
 * another tenant's row must get too.
 *
 * @returns undefined for values of which no other one is surely missing, e.g. true
 */
export function missingValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? missingNumber(value) : undefined;
  if (typeof value === 'bigint') return BigInt(missingNumber(Number(value)));
  if (typeof value === 'string') return missingText(value);
  if (Array.isArray(value)) {
    const elements = value.map(missingValue);
    return elements.includes(undefined) ? undefined : elements;
  }
  return undefined;
}

function missingNumber(value: number): number {
  serial += 1;
  return Math.abs(value) < SMALL ? MISSING_SMALL - (serial % 10_000) : MISSING_LARGE + serial;
}

function missingText(text: string): string | undefined {
  if (UUID.test(text)) return randomUUID();
  if (/^\d+$/.test(text)) return String(missingNumber(Number(text)));
  if (text.includes(',')) {
    const parts = text.split(',').map(missingText);
    return parts.includes(undefined) ? undefined : parts.join(',');
  }
  if (text.length < 2 || DATE.test(text)) return undefined;
  let state = (serial += 1);
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648);
  return text.replace(/[A-Za-z]/g, () => LETTERS[next() % LETTERS.length]).replace(/\d/g, () => String(next() % 10));
}
