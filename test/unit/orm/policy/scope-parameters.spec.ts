import { describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScopeMissingError } from 'nestjs-muck';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions } from 'typeorm';
import {
  constantOf,
  constantParameter,
  isOwnParameter,
  scopeKeyOf,
  scopeParameter,
  scopeValue,
} from '../../../../lib/orm/policy/scope-parameters.js';
import { currentContext } from '../../../../lib/tenancy/context/tenant-context.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number, account: BigInt });
const tenancy = new Tenancy();

interface Row {
  readonly id: number;
  readonly tenant: string;
  readonly branch: number;
}

/** A table, or a view, with a tenant column of a type. */
interface Table {
  readonly name: string;
  readonly tenant: EntitySchemaColumnOptions;
  readonly schema?: string;
  readonly type?: 'view';
}

const text = { type: 'varchar' } as const;
const uuid = { type: 'uuid' } as const;
const listed = { type: 'enum', enum: ['acme', 'globex'] } as const;

/** The parameters of the tenant columns of `tables`, each as a number: the same one for the same parameter, and 0 for that of texts. */
async function parameters(
  database: Parameters<typeof unconnected>[0],
  tables: readonly Table[],
  property: 'tenant' | 'branch' = 'tenant',
): Promise<number[]> {
  const schemas = tables.map(
    ({ name, tenant, schema, type }) =>
      new EntitySchema<Row>({
        name,
        schema,
        type,
        expression: type && 'SELECT 1',
        columns: { id: { type: Number, primary: true }, tenant, branch: { type: Number } },
      }),
  );
  const dataSource = await unconnected(database, schemas);
  const names = schemas.map((schema) =>
    scopeParameter(property, dataSource.getMetadata(schema).findColumnWithPropertyPath(property)),
  );
  for (const name of names) expect(scopeKeyOf(name)).toBe(property);
  const known = [...new Set([scopeParameter(property), ...names])];
  return names.map((name) => known.indexOf(name));
}

describe('tenant columns that PostgreSQL compares with each other have one parameter', () => {
  it('those of texts', async () => {
    const types = [text, { type: String }, { type: 'text' }, { type: 'varchar', length: 36 }] as const;
    const tables = types.map((tenant, i) => ({ name: `Text${i}`, tenant }));
    expect(await parameters('postgres', tables)).toEqual([0, 0, 0, 0]);
  });

  it('those of UUIDs, which texts do not share', async () => {
    const tables = [
      { name: 'Text', tenant: text },
      { name: 'Uuid', tenant: uuid },
      { name: 'UuidToo', tenant: uuid },
    ];
    expect(await parameters('postgres', tables)).toEqual([0, 1, 1]);
  });

  it('those of numbers', async () => {
    const tables = [
      { name: 'Text', tenant: text },
      { name: 'Uuid', tenant: uuid },
    ];
    expect(await parameters('postgres', tables, 'branch')).toEqual([0, 0]);
  });
});

describe('tenant columns that may be of two types have two parameters', () => {
  it('those of enums', async () => {
    const tables = [
      { name: 'Text', tenant: text },
      { name: 'Listed', tenant: listed },
      { name: 'ListedToo', tenant: { ...listed, type: 'simple-enum' as const } },
    ];
    expect(await parameters('postgres', tables)).toEqual([0, 1, 2]);
  });

  it('those of enums that are called alike in two schemas', async () => {
    const named = { ...listed, enumName: 'tenants' };
    const tables = [
      { name: 'Listed', tenant: named, schema: 'one' },
      { name: 'ListedToo', tenant: named, schema: 'two' },
    ];
    expect(await parameters('postgres', tables)).toEqual([1, 2]);
  });

  it('those of views, whose types are unknown', async () => {
    const untyped = {} as EntitySchemaColumnOptions;
    const tables = [
      { name: 'Text', tenant: text },
      { name: 'View', tenant: untyped, type: 'view' as const },
      { name: 'ViewToo', tenant: untyped, type: 'view' as const },
    ];
    expect(await parameters('postgres', tables)).toEqual([0, 1, 2]);
  });
});

it.each(['mysql', 'mariadb', 'sqljs'] as const)(
  'tenant columns of all types have one parameter on %s',
  async (kind) => {
    const tables = [
      { name: 'Text', tenant: text },
      { name: 'Uuid', tenant: kind === 'sqljs' ? text : uuid },
      { name: 'Listed', tenant: { ...listed, type: kind === 'sqljs' ? ('simple-enum' as const) : listed.type } },
    ];
    expect(await parameters(kind, tables)).toEqual([0, 0, 0]);
  },
);

it('the parameters have names that cannot be guessed', () => {
  for (const name of [scopeParameter('tenant'), constantParameter('owned')]) expect(name).toMatch(/^muck[0-9a-f]{16}_/);
});

it('a constant has one parameter, which texts and numbers do not share', () => {
  const [word, number] = [constantParameter('7'), constantParameter(7)];
  expect([constantOf(word), constantOf(number)]).toEqual(['7', 7]);
  expect(constantParameter('7')).toBe(word);
  expect(constantOf(scopeParameter('tenant'))).toBeUndefined();
  expect(scopeKeyOf(word)).toBeUndefined();
});

it('the parameters of scope values and of constants are not those of a caller', () => {
  const owned = [scopeParameter('tenant'), constantParameter('owned'), 'tenant', 'owned'].map(isOwnParameter);
  expect(owned).toEqual([true, true, false, false]);
});

it('the value of a bigint is given as text, but to MySQL, which compares a text as a floating point number', () => {
  const account = 9007199254740993n;
  const values = tenancy.run({ tenant: 'acme', branch: 1, account }, () =>
    (['postgres', 'sqlite', 'mysql'] as const).map((dialect) =>
      ['tenant', 'branch', 'account'].map((key) => scopeValue(key, currentContext()?.scope, dialect)),
    ),
  );
  expect(values).toEqual([
    ['acme', 1, String(account)],
    ['acme', 1, String(account)],
    ['acme', 1, account],
  ]);
});

it('without a scope there is no value', () => {
  expect(() => scopeValue('tenant', undefined, 'postgres')).toThrow(TenantScopeMissingError);
});
