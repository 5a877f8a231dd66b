import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource, QueryRunner } from 'typeorm';
import { KeyCatalog } from '../../../../lib/orm/execution/key-catalog.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';

/** What has happened, in its order. */
const events: string[] = [];
let rows: object[] | Error = [];
let pool = { idleCount: 0, totalCount: 0, options: { max: 10 } };

beforeEach(() => {
  events.length = 0;
  rows = [{ key_table: 'coupon', key_column: 'serial', expression: null }];
  pool = { idleCount: 0, totalCount: 0, options: { max: 10 } };
});

function runnerNamed(name: string, isTransactionActive = false): QueryRunner {
  return {
    isTransactionActive,
    query: (sql: string, values: unknown[]) => {
      const [source] = /pg_index|STATISTICS|sqlite_master/.exec(sql)!;
      events.push(`${name} reads ${source} with ${JSON.stringify(values)}`);
      return rows instanceof Error ? Promise.reject(rows) : Promise.resolve(rows);
    },
    release: () => Promise.resolve(events.push(`${name} is released`)),
  } as never;
}

function catalog(dialect: SqlDialect): KeyCatalog {
  const driver = {
    get master() {
      return pool;
    },
    createQueryRunner: (mode: string) => runnerNamed(`a new one for the ${mode}`),
  };
  return new KeyCatalog({ driver } as unknown as DataSource, dialect);
}

const wanted = { name: 'coupon_key', table: 'coupon', schema: undefined };
const found = { table: 'coupon', parts: [{ column: 'serial', expression: null }] };

describe('the catalogue of keys', () => {
  it.each<[SqlDialect, string]>([
    ['postgres', 'own reads pg_index with ["coupon_key","coupon",null]'],
    ['mysql', 'own reads STATISTICS with ["coupon_key","coupon",null]'],
    ['sqlite', 'own reads sqlite_master with ["coupon_key","coupon"]'],
  ])('of %s is read with the runner of the failed statement', async (dialect, event) => {
    expect(await catalog(dialect).find(wanted, runnerNamed('own'))).toEqual(found);
    expect(events).toEqual([event]);
  });

  it('reads a key of another schema', async () => {
    await catalog('postgres').find({ ...wanted, schema: 'shop' }, runnerNamed('own'));
    expect(events).toEqual(['own reads pg_index with ["coupon_key","coupon","shop"]']);
  });

  it('returns the parts of a key in their order, and nothing for an unknown one', async () => {
    rows = [
      { key_table: 'parent', key_column: null, expression: 'lower(a)' },
      { key_table: 'parent', key_column: 'b', expression: null },
    ];
    const keys = catalog('postgres');
    expect(await keys.find(wanted, runnerNamed('own'))).toEqual({
      table: 'parent',
      parts: [
        { column: null, expression: 'lower(a)' },
        { column: 'b', expression: null },
      ],
    });
    rows = [];
    expect(await keys.find({ ...wanted, name: 'other' }, runnerNamed('own'))).toBeUndefined();
  });

  it('reads each key once, one that is unknown too', async () => {
    const keys = catalog('postgres');
    await Promise.all([keys.find(wanted, runnerNamed('own')), keys.find(wanted, runnerNamed('own'))]);
    rows = [];
    const names = [{ name: 'x' }, { table: 'x' }, { schema: 'x' }].map((part) => ({ ...wanted, ...part }));
    for (const name of [...names, ...names]) await keys.find(name, runnerNamed('own'));
    expect(events).toHaveLength(4);
    expect(await keys.find(wanted, runnerNamed('own'))).toEqual(found);
  });

  it('is read again after it could not be read', async () => {
    const keys = catalog('postgres');
    rows = new Error('permission denied');
    expect(await keys.find(wanted, undefined)).toBeUndefined();
    expect(events).toEqual([
      'a new one for the master reads pg_index with ["coupon_key","coupon",null]',
      'a new one for the master is released',
    ]);
    rows = [{ key_table: 'coupon', key_column: 'serial', expression: null }];
    expect(await keys.find(wanted, runnerNamed('own'))).toEqual(found);
  });

  it('is read with a connection of its own where the transaction accepts no statement', async () => {
    expect(await catalog('postgres').find(wanted, runnerNamed('own', true))).toEqual(found);
    expect(events).toEqual([
      'a new one for the master reads pg_index with ["coupon_key","coupon",null]',
      'a new one for the master is released',
    ]);
  });

  it.each<SqlDialect>(['mysql', 'sqlite'])(
    'is read in the transaction on %s, which accepts others',
    async (dialect) => {
      pool = { idleCount: 0, totalCount: 10, options: { max: 10 } };
      expect(await catalog(dialect).find(wanted, runnerNamed('own', true))).toEqual(found);
      expect(events).toEqual([expect.stringMatching(/^own reads/)]);
    },
  );

  it.each([
    [0, 9, true],
    [1, 10, true],
    [0, 10, false],
  ])('with %d free of %d connections of 10 in an aborted transaction: %p', async (idleCount, totalCount, isRead) => {
    pool = { idleCount, totalCount, options: { max: 10 } };
    const keys = catalog('postgres');
    expect(await keys.find(wanted, runnerNamed('own', true))).toEqual(isRead ? found : undefined);
    expect(events).toHaveLength(isRead ? 2 : 0);
    // What was not read now is read later.
    expect(await keys.find(wanted, runnerNamed('own'))).toEqual(found);
  });

  it('waits for no connection where none is held', async () => {
    pool = { idleCount: 0, totalCount: 10, options: { max: 10 } };
    expect(await catalog('postgres').find(wanted, undefined)).toEqual(found);
    expect(await catalog('postgres').find(wanted, runnerNamed('own'))).toEqual(found);
  });
});
