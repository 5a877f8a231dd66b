import { describe, expect, it } from '@jest/globals';
import { refuseTextValues } from '../../../../lib/orm/sql/sql-values.js';

const TEXT = { toSqlString: () => '1 OR 1 = 1' };
const NO_TEXT = /^(?:.*)a value has a toSqlString\(\) method/;
const TOO_DEEP = /a value is an array nested too deeply/;

/** Puts a value into lists or objects, one in the other. */
function nested(value: unknown, levels: number, wrap: (part: unknown) => unknown): unknown {
  return levels === 0 ? value : wrap(nested(value, levels - 1, wrap));
}
const inList = (part: unknown): unknown => [part];
const inSet = (part: unknown): unknown => new Set([part]);
const inObject = (part: unknown): unknown => ({ part });

describe('a value of a statement', () => {
  it.each([
    ['itself', TEXT],
    ['in a list', [1, TEXT]],
    ['in a property', { a: 1, b: TEXT }],
    ['in a Set', new Set([1, TEXT])],
    ['in a Map', new Map([['a', TEXT]])],
    ['eight levels down', nested(TEXT, 8, inObject)],
    ['nine levels down, as the last one', nested(TEXT, 9, inObject)],
  ])('is refused if it has a method toSqlString(), %s', (_, value) => {
    expect(() => refuseTextValues(value)).toThrow(NO_TEXT);
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'toSqlString'],
    ['a function', () => TEXT],
    ['a list', [1, null, ['a']]],
    ['a Map', new Map([[TEXT, 1]])],
    ['an object with a property of that name', { toSqlString: '1' }],
    ['a Date with a property', Object.assign(new Date(0), { part: TEXT })],
    ['bytes with a property', Object.assign(new Uint8Array(1), { part: TEXT })],
  ])('passes if it is %s', (_, value) => {
    expect(() => refuseTextValues(value)).not.toThrow();
  });

  it.each([
    ['lists', inList],
    ['Sets', inSet],
  ])('is refused if it is in more than nine %s', (_, wrap) => {
    expect(() => refuseTextValues(nested(1, 9, wrap))).not.toThrow();
    expect(() => refuseTextValues(nested(1, 10, wrap))).toThrow(TOO_DEEP);
  });

  it('passes in more than nine objects, in which drivers do not look', () => {
    expect(() => refuseTextValues(nested(TEXT, 10, inObject))).not.toThrow();
    expect(() => refuseTextValues(nested(1, 20, inObject))).not.toThrow();
  });
});
