import { describe, expect, it } from '@jest/globals';
import { provideScopeLimits, storedScopeValue } from '../../../lib/tenancy/context/scope-limits.js';
import type { ScopeLimit, ScopeLimitSource } from '../../../lib/tenancy/context/scope-limits.js';

type Hold = ScopeLimit['hold'];

/** DataSources that are open: nothing else would hold them. */
const open: ScopeLimitSource[] = [];

/** Opens a DataSource whose tenant columns of a scope key hold values so. */
function openWith(key: string, columns: Readonly<Record<string, Hold>>): void {
  const limits = Object.entries(columns).map(([column, hold]) => ({ column, hold }));
  const source: ScopeLimitSource = { limitsOf: (asked) => (asked === key ? limits : []) };
  open.push(source);
  provideScopeLimits(source);
}

const stored = (key: string, value: string): string =>
  storedScopeValue(key, value, (column) => {
    throw new Error(`refused by ${column}`);
  });

const lower: Hold = (value) => String(value).toLowerCase();
const asItIs: Hold = (value) => value;
const short: Hold = (value) => (String(value).length > 4 ? undefined : value);

describe('a value of a scope', () => {
  it('that no column is for stays as it is', () => {
    expect(stored('unused', 'Acme')).toBe('Acme');
  });

  it('becomes what the column stores', () => {
    openWith('one column', { 'Ticket.tenant': lower });
    expect(stored('one column', 'Acme')).toBe('acme');
  });

  it('that a column does not hold is refused, with the name of the column', () => {
    openWith('one short column', { 'Ticket.tenant': short });
    expect(() => stored('one short column', 'globex')).toThrow('refused by Ticket.tenant');
    openWith('a short column', { 'Ticket.tenant': asItIs, 'Note.tenant': short });
    expect(stored('a short column', 'acme')).toBe('acme');
    expect(() => stored('a short column', 'globex')).toThrow('refused by Note.tenant');
  });

  it('that two columns store in two spellings is refused, in one DataSource and in two', () => {
    openWith('two columns', { 'Ticket.tenant': lower, 'Note.tenant': asItIs });
    expect(stored('two columns', 'acme')).toBe('acme');
    expect(() => stored('two columns', 'Acme')).toThrow('refused by Note.tenant');

    openWith('two DataSources', { 'Ticket.tenant': asItIs });
    openWith('two DataSources', { 'Note.tenant': lower });
    expect(stored('two DataSources', 'acme')).toBe('acme');
    expect(() => stored('two DataSources', 'Acme')).toThrow('refused by Note.tenant');
  });
});

it('a DataSource that nothing else holds limits no value, and is forgotten', () => {
  const { WeakRef } = globalThis;
  let asked = 0;
  class Collected {
    deref(): undefined {
      asked += 1;
    }
  }
  Object.assign(globalThis, { WeakRef: Collected });
  try {
    provideScopeLimits({ limitsOf: () => [{ column: 'Ticket.tenant', hold: () => undefined }] });
  } finally {
    Object.assign(globalThis, { WeakRef });
  }
  openWith('after it', { 'Ticket.tenant': lower });
  expect(stored('after it', 'Acme')).toBe('acme');
  expect(stored('after it', 'Acme')).toBe('acme');
  expect(asked).toBe(1);
});
