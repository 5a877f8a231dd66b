import { describe, expect, it } from '@jest/globals';
import type { EntityTenancy, ScopedOptions } from '../../../lib/tenancy/metadata/entity-tenancy.js';
import { declarationLine, declarationText } from '../../../lib/tenancy/metadata/declaration-lines.js';

class Ticket {}
const scoped = (options: ScopedOptions): EntityTenancy => ({ kind: 'scoped', options });

describe('the line of a declaration', () => {
  it.each<[EntityTenancy, string, string]>([
    [scoped({}), '@TenantScoped()', 'scoped(Ticket)'],
    [scoped({ via: undefined }), '@TenantScoped()', 'scoped(Ticket)'],
    [scoped({ via: 'project' }), "@TenantScoped({ via: 'project' })", "scoped(Ticket, { via: 'project' })"],
    [
      scoped({ omit: ['teamId', 'branchId'] }),
      "@TenantScoped({ omit: ['teamId', 'branchId'] })",
      "scoped(Ticket, { omit: ['teamId', 'branchId'] })",
    ],
    [
      scoped({ columns: { a: 'b', 'c-d': 'e' }, globallyUnique: { f: "it's so" } }),
      "@TenantScoped({ columns: { a: 'b', 'c-d': 'e' }, globallyUnique: { f: 'it\\'s so' } })",
      "scoped(Ticket, { columns: { a: 'b', 'c-d': 'e' }, globallyUnique: { f: 'it\\'s so' } })",
    ],
    [
      scoped({ columns: { $a1: 'b', '1a': 'c', '': 'd' } }),
      "@TenantScoped({ columns: { $a1: 'b', '1a': 'c', '': 'd' } })",
      "scoped(Ticket, { columns: { $a1: 'b', '1a': 'c', '': 'd' } })",
    ],
    [{ kind: 'shared', why: "it's so" }, "@TenantShared('it\\'s so')", "shared(Ticket, 'it\\'s so')"],
    [{ kind: 'shared', why: 'a \\ b' }, "@TenantShared('a \\\\ b')", "shared(Ticket, 'a \\\\ b')"],
  ])('%j is %s', (declaration, decorator, listed) => {
    expect(declarationLine({ key: Ticket, declaration, by: 'decorator' })).toBe(`${decorator} on Ticket`);
    expect(declarationLine({ key: Ticket, declaration, by: 'forRoot' })).toBe(`${listed} in forRoot({ entities })`);
  });

  it('names an entity without a class by its name', () => {
    expect(declarationLine({ key: 'Ticket', declaration: scoped({}), by: 'forRoot' })).toBe(
      "scoped('Ticket') in forRoot({ entities })",
    );
  });

  it('shows what is no option as it is', () => {
    const options = { columns: { a: 1, b: null, c: true } } as unknown as ScopedOptions;
    expect(declarationLine({ key: Ticket, declaration: scoped(options), by: 'decorator' })).toBe(
      '@TenantScoped({ columns: { a: 1, b: null, c: true } }) on Ticket',
    );
  });
});

describe('two declarations', () => {
  it.each<[ScopedOptions, ScopedOptions]>([
    [{}, { via: undefined, columns: {}, omit: [] }],
    [{ columns: { a: 'a' } }, {}],
    [{ columns: { a: 'b', c: 'd' } }, { columns: { c: 'd', a: 'b' } }],
    [{ omit: ['a', 'b'] }, { omit: ['b', 'a'] }],
    [{ globallyUnique: { a: 'why' } }, { globallyUnique: { a: 'another reason' } }],
    [{ globallyUnique: { a: 'why', b: 'why' } }, { globallyUnique: { b: 'why', a: 'why' } }],
    [
      { via: 'project', nullMeans: 'shared' },
      { nullMeans: 'shared', via: 'project' },
    ],
  ])('that mean the same rows are one: %j and %j', (one, other) => {
    expect(declarationText(scoped(one))).toBe(declarationText(scoped(other)));
  });

  it.each<[ScopedOptions, ScopedOptions]>([
    [{ via: 'project' }, {}],
    [{ via: 'project' }, { via: 'other' }],
    [{ via: null } as unknown as ScopedOptions, {}],
    [{ columns: { a: 'b' } }, { columns: { a: 'c' } }],
    [{ columns: { a: 'b' } }, { columns: { b: 'b', c: 'b' } }],
    [{ omit: ['a'] }, { omit: ['b'] }],
    [{ nullMeans: 'shared' }, {}],
    [{ globallyUnique: { a: 'why' } }, { globallyUnique: { b: 'why' } }],
    [{ globallyUnique: { a: 'a' } }, {}],
  ])('that mean others are two: %j and %j', (one, other) => {
    expect(declarationText(scoped(one))).not.toBe(declarationText(scoped(other)));
  });

  it('as shared rows are one, whatever the reasons, and never one with rows of tenants', () => {
    expect(declarationText({ kind: 'shared', why: 'a' })).toBe(declarationText({ kind: 'shared', why: 'b' }));
    expect(declarationText({ kind: 'shared', why: 'a' })).not.toBe(declarationText(scoped({})));
  });

  it.each<[ScopedOptions, string]>([
    [{}, 'scoped'],
    [{ via: 'project' }, 'scoped [["via","\\"project\\""]]'],
    [{ columns: { a: 'b' } }, 'scoped [["columns","[[\\"a\\",\\"b\\"]]"]]'],
    [{ globallyUnique: { a: 'why' } }, 'scoped [["globallyUnique","[\\"a\\"]"]]'],
  ])('are compared by what says whose rows they are: %j', (options, text) => {
    expect(declarationText(scoped(options))).toBe(text);
  });
});
