import type { ColumnType } from './column-type.js';
import { hasUnstorableText } from './unstorable-text.js';

/** The fields of an interval, in the driver's order, and their names in PostgreSQL. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['years', 'years'],
  ['months', 'mons'],
  ['days', 'days'],
  ['hours', 'hours'],
  ['minutes', 'mins'],
  ['seconds', 'secs'],
  ['milliseconds', 'milliseconds'],
]);
/** The greatest number per unit that PostgreSQL accepts. */
const MAX_UNITS = 1e12;

/** An interval as an object of its fields, as the driver returns it. The driver calls `toPostgres` to serialize it. */
class IntervalFields {
  constructor(fields: Readonly<Record<string, number>>) {
    Object.assign(this, fields);
  }

  toPostgres(): string {
    const parts = Object.entries(this).map(([unit, count]) => `${(count as number).toFixed(3)} ${UNITS.get(unit)!}`);
    return parts.length === 0 ? '0' : parts.join(' ');
  }
}

/** PostgreSQL intervals: an object of fields, `{ "days": 1, "hours": 2 }`, or a text that PostgreSQL parses. */
export const interval: ColumnType = {
  description: 'an interval like { "days": 1, "hours": 2 }, or such a text',
  isCheckedByDatabase: true,
  schema: {
    type: 'object',
    properties: Object.fromEntries([...UNITS.keys()].map((unit) => [unit, { type: 'number' }])),
    additionalProperties: false,
  },
  inputSchema: {
    anyOf: [
      { type: 'string' },
      {
        type: 'object',
        properties: Object.fromEntries(
          [...UNITS.keys()].map((unit) => [unit, { type: 'number', minimum: -MAX_UNITS, maximum: MAX_UNITS }]),
        ),
        additionalProperties: false,
      },
    ],
  },
  fromJson: (value) => {
    if (typeof value === 'string') return hasUnstorableText(value) ? undefined : value;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? readFields(value as Readonly<Record<string, unknown>>)
      : undefined;
  },
};

function readFields(given: Readonly<Record<string, unknown>>): IntervalFields | undefined {
  const isField = ([unit, count]: [string, unknown]): boolean =>
    UNITS.has(unit) && typeof count === 'number' && Math.abs(count) <= MAX_UNITS;
  if (!Object.entries(given).every(isField)) return undefined;
  const units = [...UNITS.keys()].filter((unit) => Object.hasOwn(given, unit) && given[unit] !== 0);
  return new IntervalFields(Object.fromEntries(units.map((unit) => [unit, given[unit] as number])));
}
