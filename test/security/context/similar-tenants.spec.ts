import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantScopeInvalidError } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

declareScope({ tenant: String });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() tenant!: string;
  @Column() text!: string;
}

@Entity()
@TenantScoped({ via: 'letter' })
class Stamp {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @ManyToOne(() => Letter, { nullable: false }) letter!: Relation<Letter>;
}

/** Names that a database may take for the same one, by case, accent, padding, number or pattern. */
const TENANTS = [
  'acme',
  'ACME',
  'Acme',
  'acmé',
  'acme ',
  'acm',
  '1',
  '01',
  '1.0',
  '1e0',
  '%',
  '_',
  'ａｃｍｅ',
  'ß',
  'ss',
];

describe.each(databasesToTest())('G-01 G-02 tenants with similar names on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = new DataSource({ ...database.options, entities: [Letter, Stamp], synchronize: true });
    await dataSource.initialize();
    for (const tenant of TENANTS) {
      await tenancy.run({ tenant }, async () => {
        const letter = await dataSource.getRepository(Letter).save({ text: tenant });
        await dataSource.getRepository(Stamp).save({ text: tenant, letter: { id: letter.id } });
      });
    }
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it.each(TENANTS)('each have their own rows: %j', (tenant) =>
    tenancy.run({ tenant }, async () => {
      expect((await dataSource.getRepository(Letter).find()).map(({ text }) => text)).toEqual([tenant]);
      expect((await dataSource.getRepository(Stamp).find()).map(({ text }) => text)).toEqual([tenant]);
    }),
  );

  it('each change their own rows', async () => {
    await tenancy.run({ tenant: 'acme' }, () => dataSource.getRepository(Letter).updateAll({ text: 'changed' }));
    const others = await tenancy.unscoped('looks', () => dataSource.getRepository(Letter).find());
    expect(others.filter(({ text }) => text === 'changed').map(({ tenant }) => tenant)).toEqual(['acme']);
  });

  it('each have their own results in their scope, however they are spelled', () => {
    const scopes = TENANTS.map((tenant) => tenancy.run({ tenant }, () => tenancy.current));
    expect(scopes).toEqual(TENANTS.map((tenant) => ({ tenant })));
  });

  it('are none when empty, blank, or longer than any name', () => {
    for (const tenant of ['', ' ', '\t', 'x'.repeat(256), 1, null]) {
      expect(() => tenancy.run({ tenant } as never, () => undefined)).toThrow(TenantScopeInvalidError);
    }
  });
});
