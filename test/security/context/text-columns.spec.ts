import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../support/databases.js';
import { outcomeOf } from './tenant-columns.js';

declareScope({ tenant: String });
const tenancy = new Tenancy();

const VALUES = [
  'acme',
  'ACME',
  'acme ',
  'acmes',
  'acmes!',
  'acm\u00e9',
  '\ud83d\ude00',
  '\ud800',
  '\udc00',
  'a\0b',
  'a\0c',
  '"acme"',
  'acme,globex',
];
const NEVER = ['\ud800', '\udc00', 'a\0b', 'a\0c'];
const REFUSED = 'refused';

/** Types, options, and the values that cannot be a current scope; or that the type is refused. */
const COLUMNS: Readonly<
  Record<DatabaseKind, readonly (readonly [ColumnOptions, readonly string[] | typeof REFUSED])[]>
> = (() => {
  const postgres = [
    [{ type: 'varchar' }, NEVER],
    [{ type: 'varchar', length: 5 }, ['acmes!', ...NEVER, '"acme"', 'acme,globex']],
    [{ type: 'varchar', length: 36 }, NEVER],
    [{ type: 'text' }, NEVER],
    [{ type: 'text', collation: 'C' }, NEVER],
    [{ type: 'char', length: 5 }, REFUSED],
    [{ type: 'inet' }, REFUSED],
    [{ type: 'text', array: true }, REFUSED],
    [{ type: 'simple-json' }, REFUSED],
    [{ type: 'simple-array' }, REFUSED],
    [{ type: 'uuid' }, VALUES],
    [{ type: 'enum', enum: ['acme', 'ACME', 'acme '] }, VALUES.filter((value) => !/^acme ?$/i.test(value))],
  ] as const;
  return {
    postgres,
    postgres15: postgres,
    mariadb: [
      [{ type: 'varchar' }, NEVER],
      [{ type: 'varchar', length: 5 }, ['acmes!', ...NEVER, '"acme"', 'acme,globex']],
      [{ type: 'varchar', length: 36, collation: 'utf8mb4_bin' }, NEVER],
      [{ type: 'varchar', length: 36, collation: 'latin1_general_ci' }, ['acm\u00e9', '\ud83d\ude00', ...NEVER]],
      [{ type: 'char', length: 5 }, ['acme ', 'acmes!', ...NEVER, '"acme"', 'acme,globex']],
      [{ type: 'tinytext' }, NEVER],
      [{ type: 'enum', enum: ['acme', 'globex'] }, VALUES.filter((value) => value !== 'acme')],
      [{ type: 'simple-json' }, REFUSED],
      [{ type: 'uuid' }, VALUES],
    ],
    sqljs: [
      [{ type: 'varchar', length: 5 }, NEVER],
      [{ type: 'character', length: 5 }, NEVER],
      [{ type: 'text' }, NEVER],
      [{ type: 'text', collation: 'RTRIM' }, REFUSED],
      [{ type: 'text', collation: 'NOCASE' }, REFUSED],
      [{ type: 'simple-json' }, REFUSED],
      [{ type: 'simple-enum', enum: ['acme', 'globex'] }, VALUES.filter((value) => value !== 'acme')],
    ],
  };
})();

describe.each(databasesToTest())('G-01 G-02 a tenant column that holds texts on %s', (kind) => {
  it.each(COLUMNS[kind])(
    'of the type %j keeps every value of its scope key exactly, or refuses it',
    async (column, expected) => {
      const { refused, invalid, confused } = await outcomeOf(kind, column, VALUES);
      expect(confused).toEqual([]);
      if (expected === REFUSED) expect(refused).toMatch(/Row .* tenant column/);
      else expect([...invalid].sort()).toEqual([...expected].sort());
    },
  );
});

describe.each(databasesToTest())('G-01 G-02 a tenant column of UUIDs on %s', (kind) => {
  @Entity()
  @TenantScoped()
  class Visit {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: 'uuid' }) tenant!: string;
  }
  const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  let dataSource: DataSource;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({ ...database.options, entities: [Visit], synchronize: true }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('shows a tenant its rows, however the UUID is written where the database takes it for the same', async () => {
    await tenancy.run({ tenant: UUID }, () => dataSource.manager.insert(Visit, {}));
    const [scope, rows] = await tenancy.run({ tenant: UUID.toUpperCase() }, async () => [
      tenancy.current,
      await dataSource.manager.find(Visit),
    ]);
    // SQLite keeps a UUID as the text that it is.
    expect([scope, rows.length]).toEqual(
      kind === 'sqljs' ? [{ tenant: UUID.toUpperCase() }, 0] : [{ tenant: UUID }, 1],
    );
  });
});

/** A unique key of MySQL ignores spaces at the end, unless its collation compares them. */
const KEYED: readonly (readonly [string, DatabaseKind, string | undefined, 'stored' | 'refused'])[] = [
  ['SQLite', 'sqljs', undefined, 'stored'],
  ['PostgreSQL', 'postgres', undefined, 'stored'],
  ['PostgreSQL', 'postgres15', undefined, 'stored'],
  ['MariaDB', 'mariadb', 'utf8mb4_bin', 'refused'],
  ['MariaDB without padding', 'mariadb', 'utf8mb4_nopad_bin', 'stored'],
];
const keyed = KEYED.filter(([, kind]) => databasesToTest().includes(kind));

describe.each(keyed)('G-01 G-02 a tenant column in a unique key on %s (%s, %s)', (_, kind, collation, expected) => {
  @Entity()
  @TenantScoped()
  @Unique(['tenant', 'code'])
  class Visit {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: 'varchar', length: 20, ...(collation !== undefined && { collation }) }) tenant!: string;
    @Column({ length: 20 }) code!: string;
  }

  it(`has a tenant that ends with a space ${expected}`, async () => {
    const database = await createDatabase(kind);
    const dataSource = await new DataSource({ ...database.options, entities: [Visit], synchronize: true }).initialize();
    const outcomes: string[] = [];
    for (const tenant of ['acme', 'acme ']) {
      const insert = async (): Promise<unknown> =>
        tenancy.run({ tenant }, () => dataSource.manager.insert(Visit, { code: 'a' }));
      outcomes.push(
        await insert().then(
          () => 'stored',
          (error: Error) => error.name,
        ),
      );
    }
    await dataSource.destroy();
    await database.drop();
    expect(outcomes).toEqual(['stored', expected === 'stored' ? 'stored' : 'TenantScopeInvalidError']);
  });
});
