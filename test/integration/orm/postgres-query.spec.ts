import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { postgresQueryType } from '../../../lib/orm/execution/postgres-query.js';
import type { QueryParts, TextRows } from '../../../lib/orm/execution/postgres-query.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';

/* Queries with preludes, with texts as rows, and without descriptions, on connections of PostgreSQL. */

type Sent = 'parse' | 'bind' | 'describe' | 'execute' | 'sync';
interface Protocol extends Record<Sent, (message: unknown) => void> {
  readonly stream: { destroy(): void };
}

const NAME = "SELECT current_setting('muck.tenant', true) AS tenant";
const setTenant = (tenant: string, name?: string) => ({
  text: "SELECT set_config('muck.tenant', $1, true)",
  values: [tenant],
  name,
});

const kinds = databasesToTest().filter((kind) => kind.startsWith('postgres'));
const places = kinds.flatMap((kind) => [false, true].map((pipeline) => ({ kind, pipeline })));

describeEach(places, 'TEST_DATABASES names no PostgreSQL')(
  'a query on $kind, pipeline: $pipeline',
  ({ kind, pipeline }) => {
    let database: TestDatabase;
    let client: pg.Client;
    let sent: Sent[];
    const Query = postgresQueryType(pg.Query)!;

    beforeAll(async () => {
      database = await createDatabase(kind);
    });
    afterAll(() => database.drop());

    beforeEach(async () => {
      const { url } = database.options as { readonly url: string };
      client = new pg.Client({ connectionString: url, pipeline });
      client.on('error', () => undefined);
      await client.connect();
      await client.query("SET TIME ZONE 'UTC'");
      const protocol = protocolOf(client);
      sent = [];
      for (const message of ['parse', 'bind', 'describe', 'execute', 'sync'] as const) {
        const send = protocol[message].bind(protocol);
        protocol[message] = (content) => {
          sent.push(message);
          send(content);
        };
      }
    });
    afterEach(() => client.end());

    const run = (parts: QueryParts): Promise<TextRows | readonly object[]> =>
      new Promise((resolve, reject) => {
        const query = new Query(parts, (error, result) => {
          if (error) reject(error);
          else resolve(parts.asTexts === true ? query.texts : result!.rows);
        });
        client.query(query as never);
      });
    const sentBy = async (parts: QueryParts): Promise<Sent[]> => {
      sent.length = 0;
      await run(parts);
      return [...sent];
    };

    it('describes a named statement once, and reads the same rows without', async () => {
      const parts = { text: 'SELECT $1::int AS n, now() > $2 AS late, NULL AS nothing', name: 'once' };
      expect(await sentBy({ ...parts, values: [1, new Date(0)] })).toEqual([
        'parse',
        'bind',
        'describe',
        'execute',
        'sync',
      ]);
      expect(await sentBy({ ...parts, values: [2, new Date(0)] })).toEqual(['bind', 'execute', 'sync']);
      expect(await run({ ...parts, values: [3, new Date(0)] })).toEqual([{ n: 3, late: true, nothing: null }]);
      const texts = (await run({ ...parts, values: [4, new Date(0)], asTexts: true })) as TextRows;
      expect(texts.rows).toEqual([['4', 't', null]]);
      expect(texts.columns.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
        ['n', 23],
        ['late', 16],
        ['nothing', 25],
      ]);
      expect(texts.types.getTypeParser(23, 'text')('4')).toBe(4);
    });

    it('describes it again after some runs, and keeps the columns if they are the same', async () => {
      const parts = { text: 'SELECT $1::int AS n', values: [1], name: 'again', asTexts: true };
      const columns = new Set<unknown>();
      let described = 0;
      for (let time = 0; time < 250; time += 1) {
        sent.length = 0;
        columns.add(((await run(parts)) as TextRows).columns);
        described += sent.filter((message) => message === 'describe').length;
      }
      expect([described, columns.size]).toEqual([3, 1]);
    });

    it('describes each statement without a name', async () => {
      for (let time = 0; time < 2; time += 1) {
        expect(await sentBy({ text: 'SELECT $1::int AS n', values: [1] })).toContain('describe');
      }
      expect(await run({ text: 'SELECT 1 AS n', values: [] })).toEqual([{ n: 1 }]);
      expect(await run({ text: 'SELECT 1 AS n', values: [], asTexts: true })).toMatchObject({ rows: [['1']] });
    });

    it('fails when the columns of a table have changed, and is right under another name', async () => {
      await client.query('CREATE TABLE item (n int); INSERT INTO item VALUES (7)');
      const parts = { text: 'SELECT * FROM item WHERE $1::int IS NOT NULL', values: [7] };
      for (let time = 0; time < 2; time += 1) await run({ ...parts, name: 'changed' });
      await client.query('ALTER TABLE item ALTER n TYPE text');
      await expect(run({ ...parts, name: 'changed' })).rejects.toMatchObject({ code: '0A000' });
      expect(await run({ ...parts, name: 'anew' })).toEqual([{ n: '7' }]);
      await client.query('DROP TABLE item');
    });

    it('sends preludes before the statement and one Sync after all, and their settings end with it', async () => {
      for (const name of [undefined, 'named']) {
        const parts = { text: NAME, values: [], name };
        const preludes = [setTenant('first', name && 'prelude'), setTenant('acme', name && 'prelude')];
        sent.length = 0;
        expect(await run({ ...parts, preludes })).toEqual([{ tenant: 'acme' }]);
        expect(sent.filter((message) => message === 'sync')).toHaveLength(1);
        expect(sent.filter((message) => message === 'parse')).toHaveLength(name === undefined ? 3 : 2);
        expect(await run({ text: NAME, values: [] })).toEqual([{ tenant: '' }]);
        expect(
          await run({ ...parts, preludes: [setTenant('globex', name && 'prelude')], asTexts: true }),
        ).toMatchObject({
          rows: [['globex']],
        });
      }
      expect(await sentBy({ text: NAME, values: [], name: 'named', preludes: [setTenant('acme', 'prelude')] })).toEqual(
        ['bind', 'execute', 'bind', 'execute', 'sync'],
      );
    });

    it('keeps what a prelude sets until the end of an open transaction', async () => {
      await client.query('BEGIN');
      await run({ text: 'SELECT 1', values: [], preludes: [setTenant('acme')] });
      expect(await run({ text: NAME, values: [] })).toEqual([{ tenant: 'acme' }]);
      await client.query('COMMIT');
      expect(await run({ text: NAME, values: [] })).toEqual([{ tenant: '' }]);
    });

    it('keeps the settings of queries apart that are sent at once', async () => {
      const tenants = Array.from({ length: 20 }, (_, i) => `tenant ${i}`);
      const read = await Promise.all(
        tenants.map((tenant, i) =>
          run({
            text: NAME,
            values: [],
            name: 'shared',
            ...(i % 3 === 0 ? {} : { preludes: [setTenant(tenant, 'prelude')] }),
          }),
        ),
      );
      expect(read).toEqual(tenants.map((tenant, i) => [{ tenant: i % 3 === 0 ? (i === 0 ? null : '') : tenant }]));
    });

    it('fails with a prelude that fails, and runs nothing then', async () => {
      await client.query('CREATE TABLE written (n int)');
      const failing = { text: 'SELECT 1 / $1::int', values: ['0'], name: 'failing' };
      const insert = { text: 'INSERT INTO written VALUES ($1) RETURNING n', values: [1], name: 'insert' };
      for (let time = 0; time < 2; time += 1) {
        await expect(run({ ...insert, preludes: [setTenant('acme', 'prelude'), failing] })).rejects.toMatchObject({
          code: '22012',
        });
        expect(await run({ text: NAME, values: [] })).toEqual([{ tenant: '' }]);
      }
      expect(await run({ ...insert, preludes: [setTenant('acme', 'prelude')] })).toEqual([{ n: 1 }]);
      expect(await run({ ...insert, preludes: [{ ...failing, values: ['1'] }] })).toEqual([{ n: 1 }]);
      expect(await run({ text: 'SELECT count(*)::int AS n FROM written', values: [] })).toEqual([{ n: 2 }]);
      await client.query('DROP TABLE written');
    });

    it('undoes a prelude with a statement that fails', async () => {
      const parts = { text: 'SELECT 1 / $1::int AS n', name: 'divided', preludes: [setTenant('acme', 'prelude')] };
      expect(await run({ ...parts, values: [1] })).toEqual([{ n: 1 }]);
      await expect(run({ ...parts, values: [0] })).rejects.toMatchObject({ code: '22012' });
      await expect(run({ ...parts, values: ['x'] })).rejects.toMatchObject({ code: '22P02' });
      expect(await run({ text: NAME, values: [] })).toEqual([{ tenant: '' }]);
      expect(await run({ ...parts, values: [1] })).toEqual([{ n: 1 }]);
    });

    it('fails once for a value that cannot be sent, and the connection goes on', async () => {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      let calls = 0;
      const query = new Query(
        { text: 'SELECT $1::json', values: [circular], name: 'circular', preludes: [setTenant('acme', 'prelude')] },
        () => (calls += 1),
      );
      client.query(query as never);
      expect(await run({ text: NAME, values: [] })).toEqual([{ tenant: '' }]);
      expect(calls).toBe(1);
    });

    it('fails with a connection that is lost, and when it takes too long', async () => {
      const { stream } = protocolOf(client);
      const lost = run({ text: 'SELECT pg_sleep($1)', values: [5], preludes: [setTenant('acme')] });
      setTimeout(() => stream.destroy(), 50);
      await expect(lost).rejects.toThrow('Connection terminated unexpectedly');
      const { url } = database.options as { readonly url: string };
      client = new pg.Client({ connectionString: url, pipeline, query_timeout: 50 });
      client.on('error', () => undefined);
      await client.connect();
      await expect(run({ text: 'SELECT pg_sleep($1)', values: [0.2] })).rejects.toThrow('Query read timeout');
    });

    it('reads rows of a statement that returns none', async () => {
      await client.query('CREATE TABLE empty (n int)');
      for (let time = 0; time < 2; time += 1) {
        expect(await run({ text: 'SELECT n FROM empty', values: [], name: 'empty' })).toEqual([]);
        expect(await run({ text: 'DELETE FROM empty WHERE n = $1', values: [1], name: 'none' })).toEqual([]);
      }
      await client.query('DROP TABLE empty');
    });
  },
);

describe('the class of queries', () => {
  it('is made once for that of a driver, and not for native bindings', () => {
    expect(postgresQueryType(pg.Query)).toBe(postgresQueryType(pg.Query));
    expect(postgresQueryType(function NativeQuery() {})).toBeUndefined();
  });
});

function protocolOf(client: pg.Client): Protocol {
  return (client as unknown as { readonly connection: Protocol }).connection;
}
