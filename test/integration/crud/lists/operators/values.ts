import type { Random } from '../../../../support/random.js';
import type { Value } from './column-kinds.js';

/**
 * Texts that are hard to compare. No letter beyond ASCII is in them in both cases: whether those are the same is each database's own
 * matter.
 */
export const TEXTS: readonly string[] = [
  ...['', ' ', 'a', 'A', 'abc', 'ABC', 'aBc', 'Abcd', 'b', 'a%c', 'a_c', '100%', '50%_off', "it's", '"quoted"'],
  ...['back\\slash', '\\', 'wow!', '!', '!%', '*', 'a*c', 'what?', '[x]', 'x]', '[^x]', 'ä', 'straße', 'É', '日本語'],
  ...['😀 ok', ' lead', 'trail ', 'a,b', 'two\nlines', 'null', '0', '~', "'; DROP TABLE item; --"],
];

/** Some of them, so that a few rows share one. */
export const FEW_TEXTS: readonly string[] = [
  '',
  'a',
  'A',
  'abc',
  'ABC',
  'a%c',
  "it's",
  '100%',
  'ä',
  'b',
  ' lead',
  '[x]',
];

export const WORDS: readonly string[] = ['open', 'in progress', 'Closed', 'é'];

export const LISTS: readonly (readonly string[])[] = [
  ...[['a'], ['a', 'b'], ['b', 'c'], ['A'], ['a '], ['ab', 'a%'], ["it's", 'x'], ['ä', '_'], ['b', 'a', 'b'], ['😀']],
];

export const UUIDS: readonly string[] = Array.from(
  { length: 8 },
  (_, i) => `${(i * 0x11111111).toString(16).padStart(8, '0')}-abcd-4${i}00-8000-0000000000f${i}`,
);

/** A decimal number as a whole number of its 30th parts of ten, exactly. */
export function decimalKey(value: Value): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(textOf(value))!;
  return BigInt(`${sign}${whole}${fraction.padEnd(30, '0')}`);
}

export function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));
}

/** The same timestamp as it is written elsewhere. */
export function instantIn(value: Value, random: Random): string {
  const text = textOf(value);
  const zone = random.pick(['Z', 'z', '', '+00:00', '+05:30', '-08:00', '+0100']);
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [undefined, '+', '0', '0'];
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const instant = new Date(Date.parse(text) + offset * 60_000);
  const shifted = instant.getUTCFullYear() > 9999 ? undefined : instant.toISOString();
  if (shifted === undefined || shifted.startsWith('0999')) return text;
  return `${shifted.slice(0, 10)}${random.pick(['T', 't', ' '])}${shifted.slice(11, -1).replace(/\.000$/, '')}${zone}`;
}

/** A time of day with less or more of it written. */
export function withoutSeconds(value: Value, random: Random): Value {
  const text = textOf(value);
  if (random.chance(0.5)) return text;
  if (text.endsWith(':00')) return text.slice(0, -3);
  return text.includes('.') ? `${text}00` : `${text}.0`;
}

/** A value that is one text or one number, as text. */
export function textOf(value: Value): string {
  if (typeof value === 'object') throw new TypeError(`${JSON.stringify(value)} is no text`);
  return String(value);
}
