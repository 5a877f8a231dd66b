import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  declareScope,
  EntityUndeclaredError,
  Tenancy,
  TenantScoped,
  TenantScopeMissingError,
  TenantShared,
} from 'nestjs-muck';
import type { Type } from '@nestjs/common';
import {
  Column,
  DeleteDateColumn,
  Entity,
  Index,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { DataSource, Relation, SelectQueryBuilder } from 'typeorm';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { scopeValue } from '../../../lib/orm/policy/scope-parameters.js';
import type { SqlDialect } from '../../../lib/orm/sql/tokenizer.js';
import { unconnected } from '../../support/unconnected.js';

declareScope({ tenant: String });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
@Unique(['tenant', 'code'])
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
  @Column() code!: string;
  @Column({ name: 'body' }) text!: string;
  @DeleteDateColumn() deletedAt!: Date | null;
}

/** Its key is the application's own. */
@Entity()
@TenantScoped({ globallyUnique: { code: 'printed on paper' } })
@Unique(['tenant', 'text'])
class Stamp {
  @PrimaryColumn() code!: string;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
  @Column() text!: string;
}

/** Its uuid may be given. */
@Entity()
@TenantScoped({ globallyUnique: { id: 'made at random' } })
class Parcel {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
  @Column() text!: string;
}

/** A part of its key is counted, the other one is given. */
@Entity()
@TenantScoped()
class Page {
  @PrimaryGeneratedColumn() id!: number;
  @PrimaryColumn() chapter!: number;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
  @Index() @Column() text!: string;
}

@Entity()
@TenantScoped({ globallyUnique: { code: 'printed on paper' } })
class Seal {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
  @Index({ unique: true }) @Column() code!: string;
  @Column() text!: string;
}

/** The tenants themselves: with auto-increment keys. */
@Entity()
@TenantScoped({ columns: { tenant: 'id' } })
class House {
  @PrimaryGeneratedColumn() id!: string;
  @Column() name!: string;
}

/** Two tables whose names PostgreSQL would cut to the same one. */
const LONG = `a_table_with_a_name_that_is_exactly_as_long_as_postgresql_keeps`;
@Entity(LONG)
@TenantScoped()
class Long {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
}

/* What is sent to databases that need not be there: nothing is. */
describe('G-01 a statement for PostgreSQL', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', [Letter, Long, Stamp, House]);
  });
  const letters = (): SelectQueryBuilder<Letter> => dataSource.getRepository(Letter).createQueryBuilder('l');
  const asAcme = <R>(fn: () => R): R => tenancy.run({ tenant: 'acme' }, fn);

  it.each(['l.code', 'l.text', '"l"."body"'])('is distinct on a column: %s', (column) => {
    expect(asAcme(() => letters().distinctOn([column]).getQuery())).toContain('SELECT DISTINCT ON ("l".');
  });

  it.each(['l.body', 'x.code', 'code', 'l.code, 1', '1) * FROM "letter" --'])(
    'is distinct on nothing else: %s',
    (text) => {
      expect(() => asAcme(() => letters().distinctOn([text]).getQuery())).toThrow(
        'distinctOn() takes mapped columns only',
      );
    },
  );

  it('is distinct on a column where a sub-query stands beside the table', () => {
    const builder = letters().addSelect('s.one').addFrom('(SELECT 1 AS one)', 's').distinctOn(['l.code']);
    expect(asAcme(() => builder.getQuery())).toContain('DISTINCT ON ("l"."code")');
  });

  it('inserts or updates by a key that holds the tenant, whatever other keys there are', () => {
    const upsert = (keys: string[]): string =>
      asAcme(() =>
        dataSource
          .createQueryBuilder()
          .insert()
          .into(Stamp)
          .values({ code: 'x', text: 'y' })
          .orUpdate(['text'], keys)
          .getQuery(),
      );
    expect(upsert(['tenant', 'text'])).toContain('ON CONFLICT ( "tenant", "text" ) DO UPDATE');
    expect(() => upsert(['code'])).toThrow('put the tenant column into the conflict target (tenant)');
  });

  it('inserts or ignores only where every key holds the tenant', () => {
    const ignore = (entity: Type<object>): string =>
      asAcme(() =>
        dataSource.createQueryBuilder().insert().into(entity).values({ code: 'x', text: 'y' }).orIgnore().getQuery(),
      );
    expect(ignore(Letter)).toContain('ON CONFLICT DO NOTHING');
    expect(() => ignore(Stamp)).toThrow('may conflict with another tenant');
  });

  it('takes the auto-increment key of a tenant that is made over all tenants', () => {
    const insert = (values: object): string =>
      tenancy.unscoped('signs up', () =>
        dataSource.createQueryBuilder().insert().into(House).values(values).getQuery(),
      );
    expect(insert({ id: '7', name: 'seven' })).toContain('INSERT INTO "house"("name", "id")');
    expect(insert({ name: 'any' })).toContain('INSERT INTO "house"("name")');
  });

  it('takes the key of a tenant that is given, and counts that of one beside it', () => {
    const insert = dataSource.createQueryBuilder().insert().into(House);
    const values = [{ name: 'any' }, { id: '7', name: 'seven' }];
    expect(tenancy.unscoped('signs up', () => insert.values(values).getQuery())).toContain(
      'INSERT INTO "house"("name", "id") VALUES (:orm_param_0, DEFAULT), (:orm_param_1, :orm_param_2)',
    );
  });

  it('returns columns, and nothing that closes a bracket or holds a comment', () => {
    const returning = (text: string): string =>
      asAcme(() => dataSource.createQueryBuilder().update(Letter).set({ text: 'x' }).returning(text).getQuery());
    expect(returning('code')).toMatch(/ RETURNING "code"$/);
    for (const text of ['code)', 'code; DELETE', 'code --'])
      expect(() => returning(text)).toThrow('a returning clause');
  });

  it('has no group that is closed in HAVING', () => {
    expect(() =>
      asAcme(() => letters().select('l.code').groupBy('l.code').having('1 = 1) OR (1 = 1').getQuery()),
    ).toThrow('a having clause closes a bracket');
  });

  it('on an entity that is declared late is refused before, and made afterwards', async () => {
    @Entity()
    class Late {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
    }
    const open = await unconnected('postgres', [Late]);
    const query = (): string => asAcme(() => open.getRepository(Late).createQueryBuilder('l').getQuery());
    expect(query).toThrow(EntityUndeclaredError);
    TenantScoped()(Late);
    expect(query()).toMatch(/"l"\."tenant" = :muck/);
  });

  it('compares texts as they are', () => {
    expect(asAcme(() => letters().getQuery())).toMatch(
      /WHERE \( "l"\."tenant" = :muck\w+ AND "l"\."tenant" COLLATE "C" = :muck\w+ \) AND \( "l"\."deletedAt" IS NULL \)$/,
    );
  });

  it('raw SQL is refused when the database cuts its table to the name of a limited one', () => {
    const byHand = (table: string): Promise<unknown> =>
      asAcme(() => dataSource.createQueryRunner().query(`SELECT * FROM ${table}`));
    return expect(byHand(`${LONG}_and_more`)).rejects.toThrow('it uses the table of Long');
  });
});

describe('G-01 a statement for MySQL', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('mysql', [Letter, Stamp, Parcel, Page, Seal]);
  });
  const asAcme = <R>(fn: () => R): R => tenancy.run({ tenant: 'acme' }, fn);

  it('compares texts byte by byte too', () => {
    expect(asAcme(() => dataSource.getRepository(Letter).createQueryBuilder('l').getQuery())).toMatch(
      /WHERE \( `l`\.`tenant` = :(muck\w+) AND BINARY `l`\.`tenant` = :\1 \) AND/,
    );
  });

  it('is refused when a value has a toSqlString() method, which returns SQL, however deep', () => {
    const value = { list: [new Map([['key', { toSqlString: () => '1=1' }]])] };
    const sent = asAcme(() => dataSource.createQueryRunner().query('SELECT ?', [value]));
    return expect(sent).rejects.toThrow('a value has a toSqlString() method, which returns SQL');
  });

  const upsert = (entity: Type<object>, values: object, columns: string[]): string =>
    asAcme(() =>
      dataSource
        .createQueryBuilder()
        .insert()
        .into(entity)
        .values(values)
        .orUpdate(columns, ['tenant', 'code'])
        .getQuery(),
    );

  it('inserts or updates where every key holds the tenant', () => {
    expect(upsert(Letter, { code: 'x', text: 'y' }, ['body'])).toContain('ON DUPLICATE KEY UPDATE');
  });

  it('does not insert or update where a key leaves the tenant out, whichever key is named', () => {
    expect(() => upsert(Stamp, { code: 'x', text: 'y' }, ['text'])).toThrow(
      'this database upserts on every unique key',
    );
  });

  it('does not insert or update where a unique index leaves the tenant out', () => {
    expect(() => upsert(Seal, { code: 'x', text: 'y' }, ['text'])).toThrow('upserts on every unique key');
  });

  it('tells the key of an upsert where the database says which row it met, and no other', async () => {
    const { driver } = dataSource;
    const upserted = async (says: boolean): Promise<Letter> => {
      const stock = driver.isReturningSqlSupported;
      driver.isReturningSqlSupported = (kind) => says && kind === 'insert';
      const runner = dataSource.createQueryRunner();
      runner.query = () => Promise.resolve({ raw: [{ id: 7 }], records: [{ id: 7 }], affected: 1 }) as never;
      const letter = Object.assign(new Letter(), { code: 'x', text: 'y' });
      try {
        const insert = dataSource.createQueryBuilder(runner).insert().into(Letter).values(letter);
        await asAcme(() => insert.orUpdate(['body'], ['tenant', 'code']).execute());
        return letter;
      } finally {
        driver.isReturningSqlSupported = stock;
      }
    };
    expect(await upserted(true)).toMatchObject({ id: 7 });
    expect((await upserted(false)).id).toBeUndefined();
  });

  it('inserts or updates where the database makes a part of the key, and no index is in the way', () => {
    expect(upsert(Page, { chapter: 1, text: 'y' }, ['text'])).toContain('ON DUPLICATE KEY UPDATE');
  });

  it('does not insert or update where one of the rows gives a key that the database would make', () => {
    expect(upsert(Parcel, [{ text: 'y' }, { text: 'z' }], ['text'])).toContain('ON DUPLICATE KEY UPDATE');
    expect(() => upsert(Parcel, [{ text: 'y' }, { id: 'x', text: 'z' }], ['text'])).toThrow(
      'upserts on every unique key',
    );
  });
});

@Entity({ schema: 'crm' })
@TenantScoped()
class Contract {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
}

@Entity()
@TenantShared('of the world')
class Country {
  @PrimaryGeneratedColumn() id!: number;
}

@Entity()
@TenantShared('of the world')
class City {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Country, { onDelete: 'CASCADE' }) country!: Relation<Country>;
}

@Entity()
@TenantShared('of the world')
class Street {
  @PrimaryGeneratedColumn() id!: number;
}

/** Is deleted with its street, and stands in the way of its city. */
@Entity()
@TenantScoped()
class Shop {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ collation: 'utf8mb4_bin' }) tenant!: string;
  @ManyToOne(() => City, { onDelete: 'RESTRICT' }) city!: Relation<City>;
  @ManyToOne(() => Street, { onDelete: 'SET NULL' }) street!: Relation<Street> | null;
}

describe('G-02 deleting a shared row', () => {
  let dataSource: DataSource;
  beforeAll(async () => {
    dataSource = await unconnected('postgres', [Contract, Country, City, Street, Shop]);
  });
  const deletion = (entity: Type<object>): string => dataSource.createQueryBuilder().delete().from(entity).getQuery();

  it('is refused in a scope when rows of tenants would change with it, and done over all tenants', () => {
    expect(() => tenancy.run({ tenant: 'acme' }, () => deletion(Street))).toThrow(
      'would change rows of Shop outside the scope, through Shop.street (ON DELETE SET NULL)',
    );
    expect(tenancy.unscoped('cleans up', () => deletion(Street))).toBe('DELETE FROM "street"');
  });

  it.each([City, Country])(
    'is done when only shared rows cascade, or rows of tenants stand in its way: %p',
    (entity) => {
      expect(tenancy.run({ tenant: 'acme' }, () => deletion(entity))).toMatch(/^DELETE FROM "\w+"$/);
    },
  );

  it('of tenants names the table with its schema', () => {
    expect(tenancy.run({ tenant: 'acme' }, () => deletion(Contract))).toMatch(
      /^DELETE FROM "crm"\."contract" WHERE "crm"\."contract"\."tenant" = :muck\w+ AND "crm"\."contract"\."tenant" COLLATE "C" = :muck\w+$/,
    );
  });
});

describe('G-03 the value of a tenant key', () => {
  const value = (given: unknown, dialect: SqlDialect): unknown =>
    scopeValue('tenant', { values: { tenant: given as never }, fingerprint: '' }, dialect);

  it('is handed to each driver as it compares it exactly', () => {
    expect(value(7n, 'postgres')).toBe('7');
    expect(value(7n, 'sqlite')).toBe('7');
    expect(value(7n, 'mysql')).toBe(7n);
    for (const dialect of ['postgres', 'mysql', 'sqlite'] as const) {
      expect(value(7, dialect)).toBe(7);
      expect(value('7', dialect)).toBe('7');
    }
  });

  it('is none outside of a scope', () => {
    expect(() => scopeValue('tenant', undefined, 'sqlite')).toThrow(TenantScopeMissingError);
    expect(() => scopeValue('other', { values: { tenant: 'acme' }, fingerprint: '' }, 'sqlite')).toThrow(
      TenantScopeMissingError,
    );
  });
});

describe('G-10 an application does not start on PostgreSQL', () => {
  it('with a tenant column that compares without case', async () => {
    @Entity()
    @TenantScoped()
    class Blind {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: 'citext' }) tenant!: string;
    }
    const dataSource = await unconnected('postgres', [Blind]);
    expect(() => requireEnforcement(dataSource).policies.of(dataSource.getMetadata(Blind))).toThrow(
      "Blind has the case-insensitive tenant column 'tenant'",
    );
  });
});
