import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { DataSource, QueryRunner } from 'typeorm';
import type { DatabaseError } from '../../../../lib/orm/execution/driver-error.parser.js';
import type { DatabaseKey, KeyCatalog, KeyName, KeyPart } from '../../../../lib/orm/execution/key-catalog.js';
import { columnsNamedBy, violatedColumns } from '../../../../lib/orm/execution/violated-key.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';
import { unconnected } from '../../../support/unconnected.js';

@Entity('coupon', { schema: 'shop', database: 'desk' })
@TenantScoped({ globallyUnique: { serial: 'a test', year: 'a test' } })
@Unique('coupon_code_year', ['organizationId', 'code', 'year'])
@Index('coupon_serial', ['serial'], { unique: true })
@Unique('first_of_two', ['word', 'year'])
@Unique('second_of_two', ['word', 'serial'])
@Index('year_alone', ['year'])
class Coupon {
  @PrimaryColumn() shop!: number;
  @PrimaryColumn() number!: number;
  @Column() organizationId!: number;
  @Column({ name: 'Coupon_Code' }) code!: string;
  @Column() year!: number;
  @Column() serial!: string;
  @Column() word!: string;
}

let dataSource: DataSource;
beforeAll(async () => {
  dataSource = await unconnected('postgres', [Coupon]);
});

const runner = {} as QueryRunner;

interface Case {
  readonly error: Partial<DatabaseError>;
  readonly dialect?: SqlDialect;
  readonly key?: DatabaseKey;
}

/** Returns the properties of the violated key, and the key that the catalogue was asked for. */
async function violated({
  error,
  dialect = 'postgres',
  key,
}: Case): Promise<{ properties: string[]; asked: KeyName[] }> {
  const asked: KeyName[] = [];
  const keys = {
    find: (wanted: KeyName, own: QueryRunner) => {
      expect(own).toBe(runner);
      asked.push(wanted);
      return Promise.resolve(key);
    },
  } as unknown as KeyCatalog;
  const full = { columns: [], isExpression: false, ...error } as unknown as DatabaseError;
  const columns = await violatedColumns(full, dataSource.getMetadata(Coupon), { dialect, keys }, runner);
  return { properties: columns.map(({ propertyName }) => propertyName), asked };
}

const keyOf = (parts: readonly Partial<KeyPart>[], table = 'coupon'): DatabaseKey => ({
  table,
  parts: parts.map((part) => ({ column: null, expression: null, ...part })),
});

describe('the columns of a violated key', () => {
  it.each<[string, Partial<DatabaseError>, string[]]>([
    ['a declared one', { constraint: 'coupon_code_year' }, ['organizationId', 'code', 'year']],
    ['a declared index', { constraint: 'coupon_serial', table: 'coupon' }, ['serial']],
    [
      'one of which the error names all columns',
      { constraint: 'other', columns: ['Coupon_Code', 'year'] },
      ['code', 'year'],
    ],
  ])('are known without the catalogue: %s', async (_case, error, properties) => {
    expect(await violated({ error })).toEqual({ properties, asked: [] });
  });

  it.each<[string, Partial<DatabaseError>, KeyName]>([
    ['a name', { constraint: 'other' }, { name: 'other', table: 'coupon', schema: 'shop' }],
    [
      'a declared name of another table',
      { constraint: 'coupon_serial', table: 'part', schema: 'parts' },
      { name: 'coupon_serial', table: 'part', schema: 'parts' },
    ],
    [
      'an expression that is one column',
      { constraint: 'other', columns: ['serial'], isExpression: true },
      { name: 'other', table: 'coupon', schema: 'shop' },
    ],
    [
      'columns, of which the entity knows some',
      { constraint: 'other', columns: ['serial', 'hidden'] },
      { name: 'other', table: 'coupon', schema: 'shop' },
    ],
    [
      'columns of another table',
      { constraint: 'other', table: 'part', columns: ['serial'] },
      { name: 'other', table: 'part', schema: 'shop' },
    ],
  ])('are read from the catalogue if the error tells %s', async (_case, error, wanted) => {
    expect(await violated({ error, key: keyOf([{ column: 'year' }]) })).toEqual({
      properties: ['year'],
      asked: [wanted],
    });
  });

  it('are looked for in the entity’s database on MySQL', async () => {
    const { asked } = await violated({ error: { constraint: 'other' }, dialect: 'mysql' });
    expect(asked).toEqual([{ name: 'other', table: 'coupon', schema: 'desk' }]);
    const sqlite = await violated({ error: { constraint: 'other' }, dialect: 'sqlite' });
    expect(sqlite.asked).toEqual([{ name: 'other', table: 'coupon', schema: 'shop' }]);
  });

  it.each<[string, SqlDialect, readonly Partial<KeyPart>[], string[]]>([
    ['columns', 'postgres', [{ column: 'serial' }, { column: 'Coupon_Code' }], ['serial', 'code']],
    ['a column that a computed one has', 'postgres', [{ column: 'c', expression: 'upper("Coupon_Code")' }], ['code']],
    ['a column twice', 'postgres', [{ column: 'year' }, { expression: 'year + 1' }], ['year']],
    ['a function of the name of a column', 'postgres', [{ expression: 'year(serial)' }], ['serial']],
    ['a type of the name of a column', 'postgres', [{ expression: `(serial)::word` }], ['serial']],
    ['a text of the name of a column', 'postgres', [{ expression: `concat(serial, 'year')` }], ['serial']],
    [
      'an index with a condition',
      'sqlite',
      [{ expression: '(lower(serial), year) WHERE (word IS NULL)' }],
      ['year', 'serial'],
    ],
    ['a condition elsewhere', 'postgres', [{ expression: '(serial) || (word)' }], ['serial', 'word']],
  ])('come from the catalogue’s parts: %s', async (_case, dialect, parts, properties) => {
    expect((await violated({ error: { constraint: 'other' }, dialect, key: keyOf(parts) })).properties).toEqual(
      properties,
    );
  });

  it('are none if the key belongs to another table', async () => {
    const error = { constraint: 'other', table: 'log', columns: ['year'] };
    expect((await violated({ error, key: keyOf([{ column: 'year' }], 'log') })).properties).toStrictEqual([]);
    expect((await violated({ error })).properties).toStrictEqual([]);
    expect(
      (await violated({ error: { constraint: 'other' }, key: keyOf([{ column: 'year' }], 'log') })).properties,
    ).toStrictEqual([]);
  });

  it('are those that the error names if the catalogue has no column of the entity', async () => {
    const error = { constraint: 'other', columns: ['serial', 'hidden'] };
    expect((await violated({ error, key: keyOf([{ column: 'hidden' }]) })).properties).toEqual(['serial']);
    expect(await violated({ error: { columns: ['serial', 'hidden'] } })).toEqual({ properties: ['serial'], asked: [] });
    expect((await violated({ error: { isExpression: true } })).properties).toEqual([]);
  });

  it.each<[string, string[]]>([
    ['PRIMARY', ['shop', 'number']],
    ['serial', ['serial']],
    ['serial_2', ['serial']],
    ['serial_23', ['serial']],
    ['serial_2_', []],
    ['organizationId', ['organizationId', 'code', 'year']],
    ['word', []],
    ['year', []],
    ['unknown', []],
  ])('are found by the name %s if the catalogue cannot be read', async (constraint, properties) => {
    expect((await violated({ error: { constraint }, dialect: 'mysql' })).properties).toEqual(properties);
  });
});

it('columns that an error names are those that the entity has', () => {
  const error = { columns: ['serial', 'hidden', 'Coupon_Code'] } as unknown as DatabaseError;
  const columns = columnsNamedBy(error, dataSource.getMetadata(Coupon));
  expect(columns.map(({ propertyName }) => propertyName)).toEqual(['serial', 'code']);
});
