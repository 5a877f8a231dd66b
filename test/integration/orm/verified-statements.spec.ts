import { beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { Enforcement, enforcementOf, requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { supportedDialect } from '../../../lib/orm/policy/dialect.js';
import { buildStatement } from '../../../lib/orm/writes/statement-context.js';
import { scopeParameter } from '../../../lib/orm/policy/scope-parameters.js';
import { databasesToTest } from '../../support/databases.js';
import { DESK_ENTITIES, Ticket } from '../../support/desk.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, GLOBEX, tenancy } from '../../support/world.js';

/* What becomes of the text and the parameters of a builder's statement before they reach a driver. */

const KINDS = ['postgres', 'mysql', 'sqljs'] as const;
type Kind = (typeof KINDS)[number];

describe('G-03 the issue of a statement', () => {
  const dataSources = {} as Record<Kind, DataSource>;
  beforeAll(async () => {
    expect(databasesToTest()).not.toEqual([]);
    for (const kind of KINDS) dataSources[kind] = await unconnected(kind, DESK_ENTITIES);
  });

  const issue = (kind: Kind, sql: string, parameters: object): [string, unknown[]] =>
    requireEnforcement(dataSources[kind]).bindVerified(sql, parameters);
  const TENANT = scopeParameter('organizationId');

  it('puts values in their places, whatever the database calls these', () => {
    const sql = 'SELECT :a, :b, :a FROM news WHERE id = :b';
    const given = { a: 1, b: 'x', c: 3 };
    for (let time = 0; time < 3; time += 1) {
      expect(issue('postgres', sql, given)).toEqual(['SELECT $1, $2, $1 FROM news WHERE id = $2', [1, 'x']]);
      for (const kind of ['mysql', 'sqljs'] as const)
        expect(issue(kind, sql, given)).toEqual(['SELECT ?, ?, ? FROM news WHERE id = ?', [1, 'x', 1, 'x']]);
    }
  });

  it('leaves alone what is not given, and gives it a place once it is', () => {
    const sql = 'SELECT :a, :b FROM news';
    expect(issue('postgres', sql, { b: 2 })).toEqual(['SELECT :a, $1 FROM news', [2]]);
    expect(issue('postgres', sql, Object.create({ a: 1, b: 1 }) as object)).toEqual(['SELECT :a, :b FROM news', []]);
    expect(issue('postgres', sql, { a: undefined, b: 2 })).toEqual(['SELECT $1, $2 FROM news', [undefined, 2]]);
    expect(issue('sqljs', sql, { a: 1 })).toEqual(['SELECT ?, :b FROM news', [1]]);
  });

  it('makes a place for each value of a list', () => {
    const sql = 'SELECT :a FROM news WHERE id IN (:...ids)';
    expect(issue('postgres', sql, { a: 1, ids: [2, 3] })).toEqual([
      'SELECT $1 FROM news WHERE id IN ($2, $3)',
      [1, 2, 3],
    ]);
    expect(issue('postgres', sql, { a: 1, ids: [] })).toEqual(['SELECT $1 FROM news WHERE id IN (NULL)', [1]]);
    expect(() => issue('postgres', sql, { a: 1, ids: 2 })).toThrow('is not an array');
  });

  it('refuses functions, and gives SQLite values that it has a type for, each time that a text is bound', () => {
    const [sql, date] = ['SELECT :a, :b FROM news', new Date(0)];
    for (let time = 0; time < 2; time += 1) {
      expect(() => issue('postgres', sql, { a: () => '1', b: 1 })).toThrow('a parameter is a function');
      expect(issue('sqljs', sql, { a: true, b: date })[1]).toEqual([1, '1970-01-01 00:00:00.000']);
      expect(issue('mysql', sql, { a: true, b: date })[1]).toEqual([true, date]);
    }
  });

  it('takes the scope from the current frame, whatever the parameters say', () => {
    const sql = `SELECT :${TENANT}, :a FROM news`;
    for (const kind of KINDS) {
      for (const scope of [ACME, GLOBEX, ACME]) {
        const { organizationId } = scope;
        for (const given of [{ a: 9 }, { a: 9, [TENANT]: 3 }])
          expect(tenancy.run(scope, () => issue(kind, sql, given))[1]).toEqual([organizationId, 9]);
        // Where the text is bound anew too.
        expect(tenancy.run(scope, () => issue(kind, sql, { [TENANT]: 3 }))[1]).toEqual([organizationId]);
      }
      expect(() => issue(kind, sql, { a: 9, [TENANT]: 3 })).toThrow('There is no tenant scope');
      expect(() => issue(kind, sql, { [TENANT]: 3 })).toThrow('There is no tenant scope');
    }
  });

  it('is remembered with its values as they were, and these cannot be changed', () => {
    const enforcement = requireEnforcement(dataSources.sqljs);
    const bound = issue('sqljs', 'SELECT :a FROM news', { a: 1 });
    const issued = enforcement.findVerified(bound[0], bound[1]);
    expect(issued).toMatchObject({ sql: 'SELECT ? FROM news', parameters: [1], isSelect: true, writes: [] });
    expect(issued!.parameters).not.toBe(bound[1]);
    expect(Object.isFrozen(issued!.parameters)).toBe(true);
    expect(Object.getOwnPropertyNames(bound[1])).toEqual(['0', 'length']);
    expect(Object.getOwnPropertySymbols(bound[1])).toEqual([]);
  });

  it('is known again by its own array, text, values, access context and DataSource only', () => {
    const enforcement = requireEnforcement(dataSources.sqljs);
    const made = (): [string, unknown[]] => issue('sqljs', 'SELECT :a, :b FROM news', { a: 0, b: NaN });
    tenancy.run(ACME, () => {
      const [sql, parameters] = made();
      expect(enforcement.findVerified(sql, parameters)).toBeDefined();
      expect(enforcement.findVerified(`${sql} `, parameters)).toBeUndefined();
      expect(enforcement.findVerified(sql, undefined)).toBeUndefined();
      expect(enforcement.findVerified(sql, { 0: 0, 1: NaN, length: 2 })).toBeUndefined();
      expect(enforcement.findVerified(sql, [...parameters])).toBeUndefined();
      expect(enforcement.findVerified(sql, structuredClone(parameters))).toBeUndefined();
      expect(enforcement.findVerified(sql, new Proxy(parameters, {}))).toBeUndefined();
      expect(enforcement.findVerified(sql, Object.create(parameters))).toBeUndefined();
      expect(requireEnforcement(dataSources.mysql).findVerified(sql, parameters)).toBeUndefined();
      for (const change of [[-0, NaN], ['0', NaN], [0, 0], [0], [0, NaN, 1], []]) {
        const [, changed] = made();
        changed.splice(0, changed.length, ...change);
        expect(enforcement.findVerified(sql, changed)).toBeUndefined();
      }
      tenancy.run(GLOBEX, () => expect(enforcement.findVerified(sql, parameters)).toBeUndefined());
      tenancy.unscoped('looks', () => expect(enforcement.findVerified(sql, parameters)).toBeUndefined());
      tenancy.unscoped('looks', { entities: [Ticket] }, () =>
        expect(enforcement.findVerified(sql, parameters)).toBeUndefined(),
      );
      expect(enforcement.findVerified(sql, parameters)).toBeDefined();
    });
  });

  it('tells selects from what writes', () => {
    const enforcement = requireEnforcement(dataSources.postgres);
    const isSelect = (sql: string): boolean | undefined => {
      const [text, parameters] = issue('postgres', sql, {});
      return enforcement.findVerified(text, parameters)?.isSelect;
    };
    expect(isSelect('SELECT 1 FROM news')).toBe(true);
    expect(isSelect('UPDATE news SET text = 1')).toBe(false);
    expect(isSelect('WITH a AS (SELECT 1) SELECT * FROM a')).toBe(false);
    expect(isSelect('DELETE FROM news WHERE id IN (SELECT 1 )')).toBe(false);
  });

  it('keeps what the builders have noted while its text was made', () => {
    const enforcement = requireEnforcement(dataSources.sqljs);
    const metadata = dataSources.sqljs.getMetadata(Ticket);
    const noted = { writes: [metadata], lookups: [{}] as never[], unscoped: [{}] as never[] };
    const issued = buildStatement((rendering) => {
      rendering.writes.push(...noted.writes);
      rendering.lookups.push(...noted.lookups);
      rendering.unscoped.push(...noted.unscoped);
      return enforcement.findVerified(...issue('sqljs', 'UPDATE news SET text = 1', {}));
    });
    expect(issued).toMatchObject(noted);
    const without = enforcement.findVerified(...issue('sqljs', 'UPDATE news SET text = 1', {}));
    expect(without).toMatchObject({ writes: [], lookups: [], unscoped: [] });
  });

  it('refuses a table of tenants without its predicate, in every dialect', () => {
    for (const kind of KINDS) {
      const bare = (): unknown => issue(kind, 'SELECT * FROM ticket', {});
      expect(() => tenancy.run(ACME, bare)).toThrow('without its tenant predicate');
      expect(bare).toThrow('There is no tenant scope');
      expect(() => tenancy.unscoped('looks', bare)).not.toThrow();
    }
  });

  it('goes on however many texts there are, and however long one is', () => {
    for (let i = 0; i < 2_100; i += 1) {
      expect(issue('sqljs', `SELECT :a, ${i} FROM news`, { a: i })).toEqual([`SELECT ?, ${i} FROM news`, [i]]);
    }
    const long = `SELECT :a, ${'1, '.repeat(10_000)}1 FROM news`;
    for (const a of [1, 2]) expect(issue('sqljs', long, { a })).toEqual([long.replace(':a', '?'), [a]]);
  });
});

describe('G-03 the enforcement of a DataSource', () => {
  it('exists where it is attached, and what needs it is refused elsewhere', async () => {
    const attached = await unconnected('sqljs', DESK_ENTITIES);
    expect(requireEnforcement(attached)).toBe(enforcementOf(attached));
    const bare = new DataSource({ type: 'sqljs', entities: DESK_ENTITIES });
    expect(enforcementOf(bare)).toBeUndefined();
    expect(() => requireEnforcement(bare)).toThrow('its DataSource is not initialised');
  });

  it('knows what its tenant columns can hold', async () => {
    const dataSource = await unconnected('postgres', DESK_ENTITIES);
    Object.assign(dataSource, { isInitialized: true });
    const limits = requireEnforcement(dataSource).limits.limitsOf('organizationId');
    expect(limits).toContainEqual(expect.objectContaining({ column: expect.stringContaining('integer') }));
  });

  it('speaks the dialect of its driver, or is not there', () => {
    const of = (type: string): DataSource => ({ driver: { options: { type } } }) as unknown as DataSource;
    const sqlite = ['sqljs', 'better-sqlite3', 'expo', 'cordova', 'nativescript', 'react-native', 'capacitor'];
    for (const type of sqlite) expect([type, supportedDialect(of(type))]).toEqual([type, 'sqlite']);
    for (const type of ['mysql', 'mariadb']) expect([type, supportedDialect(of(type))]).toEqual([type, 'mysql']);
    expect(supportedDialect(of('postgres'))).toBe('postgres');
    for (const type of [
      'mssql',
      'oracle',
      'mongodb',
      'cockroachdb',
      'spanner',
      'sap',
      'aurora-mysql',
      'aurora-postgres',
    ]) {
      expect([type, supportedDialect(of(type))]).toEqual([type, undefined]);
      expect(() => new Enforcement(of(type))).toThrow(`${type} is not supported`);
    }
  });

  it('tells which of the methods that it has put in place have been replaced', async () => {
    const enforcement = new Enforcement(await unconnected('sqljs', DESK_ENTITIES));
    const object = { first: () => 1, second: () => 2 };
    enforcement.recordPatch('first', () => object.first() === 1);
    enforcement.recordPatch('second', () => object.second() === 2);
    expect(enforcement.findOverwrittenPatches()).toEqual([]);
    const { first } = object;
    object.first = () => first();
    expect(enforcement.findOverwrittenPatches()).toEqual([]);
    object.first = () => {
      throw new Error('a mistake of the library that wraps it');
    };
    expect(enforcement.findOverwrittenPatches()).toEqual(['first']);
    object.first = first;
    object.second = () => 3;
    expect(enforcement.findOverwrittenPatches()).toEqual(['second']);
  });
});
