import { describe, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions } from 'typeorm';
import { limitOf } from '../../../../lib/orm/policy/tenant-column-types.js';
import type { ScopeLimit } from '../../../../lib/tenancy/context/scope-limits.js';
import { unconnected } from '../../../support/unconnected.js';

type Database = 'postgres' | 'mariadb' | 'mysql' | 'sqljs';
type Value = string | number | bigint;
type ValueType = Parameters<typeof limitOf>[1];

/** What stands around the tenant column. */
interface Around {
  readonly indices?: readonly { readonly columns: string[]; readonly unique?: boolean }[];
  readonly uniques?: readonly { readonly columns: string[] }[];
}

async function limit(
  database: Database,
  tenant: EntitySchemaColumnOptions,
  type: ValueType,
  { indices, uniques }: Around = {},
): Promise<ReturnType<typeof limitOf>> {
  const schema = new EntitySchema<{ id: number; tenant: Value }>({
    name: 'Thing',
    columns: { id: { type: Number, primary: true }, tenant },
    indices: [...(indices ?? [])],
    uniques: [...(uniques ?? [])],
  });
  const dataSource = await unconnected(database, [schema]);
  return limitOf(dataSource.getMetadata(schema).findColumnWithPropertyPath('tenant')!, type);
}

/** Those of `values` that the column keeps, as it keeps them. */
async function kept(database: Database, tenant: EntitySchemaColumnOptions, values: readonly Value[], around?: Around) {
  const type = { string: String, number: Number, bigint: BigInt }[typeof values[0] as 'string' | 'number' | 'bigint'];
  const held = (await limit(database, tenant, type, around)) as ScopeLimit;
  return values.map((value) => held.hold(value)).filter((value) => value !== undefined);
}

/** Characters of which each is two units of a string in JavaScript, and four bytes. */
const wide = (length: number): string => '\u{1f600}'.repeat(length);

describe('a tenant column of texts', () => {
  const five = ['abcde', 'abcdef', wide(5), wide(6), 'a '];

  it.each<[string, Database, EntitySchemaColumnOptions, readonly string[], readonly string[]]>([
    ['varchar(5) counts characters', 'postgres', { type: 'varchar', length: 5 }, five, ['abcde', wide(5), 'a ']],
    ['varchar(5) counts characters', 'mariadb', { type: 'varchar', length: 5 }, five, ['abcde', wide(5), 'a ']],
    ['varchar(5) does not cut', 'sqljs', { type: 'varchar', length: 5 }, five, five],
    ['text keeps all', 'postgres', { type: 'text' }, five, five],
    ['char(5) loses spaces', 'mariadb', { type: 'char', length: 5 }, ['a', 'a ', ' a', 'abcdef'], ['a', ' a']],
    ['char(5) loses spaces', 'mysql', { type: 'char', length: 5 }, ['a', 'a '], ['a']],
    ['tinytext counts bytes', 'mariadb', { type: 'tinytext' }, ['a'.repeat(255), 'a'.repeat(256)], ['a'.repeat(255)]],
    ['tinytext counts bytes', 'mariadb', { type: 'tinytext' }, ['é'.repeat(127), 'é'.repeat(128)], ['é'.repeat(127)]],
    ['text has room for more', 'mariadb', { type: 'text' }, ['a'.repeat(256)], ['a'.repeat(256)]],
    ['ascii', 'mariadb', { type: 'varchar', charset: 'ascii' }, ['az ~', 'é', '\u001f', '\u007f'], ['az ~']],
    ['latin1 by its collation', 'mariadb', { type: 'varchar', collation: 'latin1_bin' }, ['a', '€'], ['a']],
    ['three bytes', 'mariadb', { type: 'varchar', charset: 'utf8mb3' }, ['é', '€', wide(1)], ['é', '€']],
    ['three bytes', 'mariadb', { type: 'varchar', charset: 'UTF8' }, ['é', wide(1)], ['é']],
    ['four bytes', 'mariadb', { type: 'varchar', charset: 'utf8mb4' }, ['é', wide(1)], ['é', wide(1)]],
    ['four bytes', 'mariadb', { type: 'varchar', collation: 'utf8mb4_bin' }, ['é', wide(1)], ['é', wide(1)]],
    ['enum', 'postgres', { type: 'enum', enum: ['acme', 'globex'] }, ['acme', 'other', 'ACME'], ['acme']],
    ['SQLite by BINARY', 'sqljs', { type: 'text', collation: 'binary' }, ['a', 'A'], ['a', 'A']],
  ])('%s on %s', async (_, database, column, values, expected) => {
    expect(await kept(database, column, values)).toEqual(expected);
  });

  it('a UUID has one spelling', async () => {
    const lower = 'a1b2c3d4-0000-4000-8000-00000000000f';
    const values = [lower.toUpperCase(), lower, lower.replaceAll('-', ''), `${lower}0`, `x${lower}`, 'acme'];
    expect(await kept('postgres', { type: 'uuid' }, values)).toEqual([lower, lower]);
  });

  describe('that is part of a unique key of MySQL keeps no spaces at its end', () => {
    const text = { type: 'varchar', length: 20 } as const;
    const values = ['a', 'a '];
    it.each<[string, EntitySchemaColumnOptions, Around, readonly string[]]>([
      ['in no key', text, {}, values],
      ['in an index', text, { indices: [{ columns: ['tenant'] }] }, values],
      ['in a unique key of another column', text, { uniques: [{ columns: ['id'] }] }, values],
      ['in the primary key', { ...text, primary: true }, {}, ['a']],
      ['in a unique key', text, { uniques: [{ columns: ['id', 'tenant'] }] }, ['a']],
      ['in a unique index', text, { indices: [{ columns: ['id', 'tenant'], unique: true }] }, ['a']],
      ['by a collation of MySQL 8', { ...text, primary: true, collation: 'utf8mb4_0900_bin' }, {}, values],
      ['by a collation of MariaDB', { ...text, primary: true, collation: 'utf8mb4_nopad_bin' }, {}, values],
      ['by one that pads', { ...text, primary: true, collation: 'utf8mb4_bin' }, {}, ['a']],
    ])('%s', async (_, column, around, expected) => {
      expect(await kept('mariadb', column, values, around)).toEqual(expected);
    });
  });

  it.each<[Database, EntitySchemaColumnOptions, string, string]>([
    ['postgres', { type: 'char', length: 5 }, 'pads strings with spaces', 'varchar'],
    ['postgres', { type: 'inet' }, 'accepts several spellings of one value', 'varchar'],
    ['postgres', { type: 'cidr' }, 'accepts several spellings of one value', 'varchar'],
    ['mariadb', { type: 'inet6' }, 'accepts several spellings of one value', 'varchar'],
    ['mariadb', { type: 'inet4' }, 'accepts several spellings of one value', 'varchar'],
    ['postgres', { type: 'varchar', array: true }, 'converts values', 'varchar'],
    ['sqljs', { type: 'simple-array' }, 'converts values', 'varchar'],
    ['sqljs', { type: 'simple-json' }, 'converts values', 'varchar'],
    [
      'sqljs',
      { type: 'text', collation: 'NOCASE' },
      'compares strings by the collation NOCASE',
      'the collation BINARY',
    ],
    [
      'sqljs',
      { type: 'text', collation: 'BINARYX' },
      'compares strings by the collation BINARYX',
      'the collation BINARY',
    ],
    [
      'sqljs',
      { type: 'text', collation: 'XBINARY' },
      'compares strings by the collation XBINARY',
      'the collation BINARY',
    ],
  ])('on %s of the type %j is refused', async (database, column, why, instead) => {
    expect(await limit(database, column, String)).toEqual({ why, instead });
  });
});

describe('a tenant column of numbers', () => {
  it.each<[string, Database, EntitySchemaColumnOptions, readonly Value[], readonly Value[]]>([
    ['smallint', 'postgres', { type: 'smallint' }, [-32769, -32768, 32767, 32768], [-32768, 32767]],
    [
      'integer',
      'postgres',
      { type: 'int' },
      [-2147483649, -2147483648, 2147483647, 2147483648],
      [-2147483648, 2147483647],
    ],
    [
      'bigint',
      'postgres',
      { type: 'bigint' },
      [-(2n ** 63n) - 1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 63n],
      [-(2n ** 63n), 2n ** 63n - 1n],
    ],
    ['mediumint', 'mariadb', { type: 'mediumint' }, [-8388609, -8388608, 8388607, 8388608], [-8388608, 8388607]],
    ['tinyint', 'mariadb', { type: 'tinyint' }, [-129, -128, 127, 128], [-128, 127]],
    ['unsigned int', 'mariadb', { type: 'int', unsigned: true }, [-1, 0, 4294967295, 4294967296], [0, 4294967295]],
    ['int, which is never unsigned', 'postgres', { type: 'int', unsigned: true }, [-1, 4294967295], [-1]],
    ['decimal(5,2)', 'postgres', { type: 'numeric', precision: 5, scale: 2 }, [-1000, -999, 999, 1000], [-999, 999]],
    [
      'decimal(2,4), which keeps fractions only',
      'postgres',
      { type: 'numeric', precision: 2, scale: 4 },
      [-1, 0, 1],
      [0],
    ],
    ['decimal(5)', 'postgres', { type: 'numeric', precision: 5 }, [99999, 100000], [99999]],
    ['decimal without a precision', 'postgres', { type: 'numeric' }, [1e15], [1e15]],
    ['decimal of ten digits', 'mariadb', { type: 'decimal' }, [9999999999, 10000000000], [9999999999]],
    ['boolean, which is a number to SQLite', 'sqljs', { type: Boolean }, [0, 5], [0, 5]],
    ['double', 'mariadb', { type: 'double' }, [2 ** 53 - 1], [2 ** 53 - 1]],
    ['any number', 'sqljs', { type: 'tinyint' }, [2 ** 53 - 1], [2 ** 53 - 1]],
    [
      '64 bits',
      'sqljs',
      { type: 'int' },
      [-(2n ** 63n) - 1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 63n],
      [-(2n ** 63n), 2n ** 63n - 1n],
    ],
  ])('%s on %s', async (_, database, column, values, expected) => {
    expect(await kept(database, column, values)).toEqual(expected);
  });

  it.each<[Database, EntitySchemaColumnOptions, string, string]>([
    ['postgres', { type: 'real' }, 'rounds large numbers', 'int or bigint'],
    ['mariadb', { type: 'float' }, 'rounds large numbers', 'int or bigint'],
    ['postgres', { type: 'numeric', precision: 3, scale: -1 }, 'rounds numbers', 'numeric without a negative scale'],
    ['mariadb', { type: Boolean }, 'holds two values', 'int'],
    ['mariadb', { type: 'boolean' }, 'holds two values', 'int'],
    ['mariadb', { type: 'bool' }, 'holds two values', 'int'],
    ['sqljs', { type: Number, version: true }, 'is filled by TypeORM', 'a column of its own'],
    ['sqljs', { type: Number, treeLevel: true }, 'is filled by TypeORM', 'a column of its own'],
  ])('on %s of the type %j is refused', async (database, column, why, instead) => {
    expect(await limit(database, column, Number)).toEqual({ why, instead });
  });

  it('is named with its type', async () => {
    const nameOf = async (column: EntitySchemaColumnOptions) => (await limit('postgres', column, String)) as ScopeLimit;
    expect((await nameOf({ type: 'varchar', length: 5 })).column).toBe('Thing.tenant (character varying(5))');
    expect((await nameOf({ type: 'text' })).column).toBe('Thing.tenant (text)');
  });
});
