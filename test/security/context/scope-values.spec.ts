import { describe, expect, it } from '@jest/globals';
import { StatementRefusedError, TenantScopeInvalidError } from 'nestjs-muck';
import { Not } from 'typeorm';
import { attacks, crossedIf, promises } from '../../support/attack.js';
import { Ticket } from '../../support/desk.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/** What a resolver, a token or a job may hand over by mistake, or because a client wanted it so. */
const NO_SCOPES: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  'a scope without its key': {},
  'an undefined value': { organizationId: undefined },
  'a null value': { organizationId: null },
  'not a number': { organizationId: Number.NaN },
  'an infinite number': { organizationId: Number.POSITIVE_INFINITY },
  'an integer that is not exact': { organizationId: 2 ** 53 },
  'an empty text': { organizationId: '' },
  'a number as text': { organizationId: '2' },
  'a text with the number in front': { organizationId: '1 OR 1=1' },
  true: { organizationId: true },
  false: { organizationId: false },
  'a list': { organizationId: [1, 2] },
  'a list of scopes': [ACME, GLOBEX],
  'an object': { organizationId: { toString: () => '1', valueOf: () => 1 } },
  'a boxed number': { organizationId: new Number(1) },
  'a find operator': { organizationId: Not(1) },
  'a function': { organizationId: () => 1 },
  'a promise of a value': { organizationId: Promise.resolve(1) },
  'a promise of a scope': Promise.resolve(ACME),
  'a symbol': { organizationId: Symbol('1') },
  'a date': { organizationId: new Date(1) },
  'a bigint where numbers are declared': { organizationId: 1n },
  'one key too many': { organizationId: 1, regionId: 2 },
  'an inherited key': Object.create({ organizationId: 1 }),
  'a text': '1',
  'a number': 1,
};

describe('G-03 a scope', () => {
  it.each(Object.entries(NO_SCOPES))('is not opened by %s', (_, scope) => {
    let ran = false;
    expect(() => tenancy.run(scope as never, () => (ran = true))).toThrow(TenantScopeInvalidError);
    expect(ran).toBe(false);
  });

  it.each(Object.entries(NO_SCOPES))('of a job over tenants is not opened by %s', async (_, scope) => {
    const seen: unknown[] = [];
    const work = tenancy.forEach([ACME, scope as never], (one) => void seen.push(one));
    await expect(work).rejects.toThrow(TenantScopeInvalidError);
    expect(seen).toEqual([]);
  });

  it('is refused without telling its value', () => {
    expect(() => tenancy.run({ organizationId: 'from a client' }, () => undefined)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('from a client') }),
    );
  });

  it('keeps its values when the object that it was opened with changes', () => {
    const scope = { organizationId: 1 };
    tenancy.run(scope, () => {
      scope.organizationId = 2;
      expect(tenancy.current).toEqual(ACME);
    });
  });

  it('cannot be changed by what it runs', () => {
    tenancy.run(ACME, () => {
      expect(() => Object.assign(tenancy.current!, { organizationId: 2 })).toThrow(TypeError);
      expect(tenancy.current).toEqual(ACME);
    });
  });

  it('is read from a getter once', () => {
    let reads = 0;
    const scope = {
      get organizationId() {
        return (reads += 1);
      },
    };
    tenancy.run(scope, () => expect(tenancy.current).toEqual(ACME));
  });

  it('is not there outside of any run', () => {
    expect(tenancy.current).toBeUndefined();
  });
});

attacks('G-03 parameters', {
  "in the name of the scope's own have no effect": ({ repo }) => {
    const builder = repo(Ticket).createQueryBuilder('ticket');
    const [, name] = /:(muck\w+)/.exec(builder.getQuery()) ?? [];
    return builder.where('1 = 1', { [name ?? 'none']: 2 }).getMany();
  },
  'that are set after the text was made have no effect on it': ({ repo }) => {
    const builder = repo(Ticket).createQueryBuilder('ticket').where('1 = 1');
    const [, name] = /:(muck\w+)/.exec(builder.getQuery()) ?? [];
    builder.expressionMap.parameters[name ?? 'none'] = 2;
    return builder.getMany();
  },
  'in a prototype have no effect': async ({ repo }) => {
    const parameters = JSON.parse('{ "__proto__": { "organizationId": 2 }, "id": 0 }') as object;
    return repo(Ticket).createQueryBuilder('t').where('t.id > :id', parameters).getMany();
  },
  'that are a list do not become a list of tenants': async ({ repo }) => {
    const builder = repo(Ticket).createQueryBuilder('t');
    const [, name] = /:(muck\w+)/.exec(builder.getQuery()) ?? [];
    return crossedIf((await builder.where('1 = 1', { [name ?? 'none']: [1, 2] }).getCount()) > 3);
  },
});

promises('G-03 a parameter of the application', {
  'that is called like a type or a table works as ever': async ({ repo, kind }) => {
    const text = kind === 'mariadb' ? 'CAST(:text AS CHAR)' : 'CAST(:text AS VARCHAR)';
    const query = repo(Ticket).createQueryBuilder('t').where(`t.subject = ${text}`, { text: 'acme ticket 1' });
    expect(await tenancy.run(ACME, () => query.getCount())).toBe(1);
  },
  'may stand beside a cast': async ({ repo, dataSource }) => {
    if (dataSource.options.type !== 'postgres') return;
    const query = repo(Ticket).createQueryBuilder('t').where('t.id = :id::int', { id: '1', int: 2 });
    expect(await tenancy.run(ACME, () => query.getCount())).toBe(1);
  },
  'that brings SQL of its own is refused': async ({ repo, kind }) => {
    if (kind !== 'mariadb') return;
    const value = { toSqlString: () => '(SELECT MAX(id) FROM ticket)' };
    const query = repo(Ticket).createQueryBuilder('t').where('t.id = :value', { value });
    await expect(tenancy.run(ACME, () => query.getMany())).rejects.toThrow(StatementRefusedError);
  },
});
