import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy, TenantScoped, declareScope } from 'nestjs-muck';
import pg from 'pg';
import { Column, DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn, Unique, VersionColumn } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

@Entity('numbered')
@TenantScoped()
class Numbered {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() label!: string;
}

@Entity('identified')
@TenantScoped()
@Unique(['organizationId', 'code'])
class Identified {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column() code!: string;
  @Column({ default: 'none' }) label!: string;
}

@Entity('named')
@TenantScoped()
class Named {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() code!: string;
  @Column({ default: () => 'random()', type: 'float' }) chance!: number;
  @VersionColumn() version!: number;
}

/** Returns the rows of every insert backwards, as a distributed database may. */
function returnBackwards(): () => void {
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = prototype;
  prototype.query = function (this: unknown, ...args: unknown[]): unknown {
    const [text] = args;
    const result = query.apply(this, args);
    if (typeof text !== 'string' || !text.startsWith('INSERT')) return result;
    return (result as Promise<pg.QueryResult>).then((given) => Object.assign(given, { rows: given.rows.reverse() }));
  };
  return () => Object.assign(prototype, { query });
}

describeEach(
  databasesToTest().filter((kind) => kind.startsWith('postgres')),
  'TEST_DATABASES names no PostgreSQL',
)('rows that an insert of several rows returns in any order, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let restore: () => void;
  beforeAll(async () => {
    database = await createDatabase(kind);
    const entities = [Numbered, Identified, Named];
    dataSource = await new DataSource({ ...database.options, entities, synchronize: true }).initialize();
    restore = returnBackwards();
  });
  afterAll(async () => {
    restore();
    await dataSource.destroy();
    await database.drop();
  });
  const within = <R>(fn: () => Promise<R>): Promise<R> => tenancy.run({ organizationId: 1 }, fn);
  const labels = ['one', 'two', 'three'];

  describe.each(['insert', 'save'] as const)('are matched by their key in %s', (method) => {
    it('of rows with an auto-increment key', async () => {
      const rows = labels.map((label) => ({ label }) as Numbered);
      await within(async () => {
        const repository = dataSource.getRepository(Numbered);
        await repository[method](rows);
        for (const row of rows) expect(await repository.findOneBy({ id: row.id })).toMatchObject({ label: row.label });
      });
    });

    it('of rows with a generated UUID', async () => {
      const rows = labels.map((code) => ({ code: `${method} ${code}` }) as Identified);
      await within(async () => {
        const repository = dataSource.getRepository(Identified);
        await repository[method](rows);
        for (const row of rows) expect(await repository.findOneBy({ id: row.id })).toMatchObject({ code: row.code });
      });
    });

    it('of rows whose key the application has set', async () => {
      const rows = labels.map((code) => ({ code: `${method} ${code}` }) as Named);
      await within(async () => {
        const repository = dataSource.getRepository(Named);
        await repository[method](rows);
        expect(rows.map(({ code }) => code)).toEqual(labels.map((code) => `${method} ${code}`));
        for (const { code, chance } of rows) expect(await repository.findOneBy({ code })).toMatchObject({ chance });
      });
    });
  });

  it('are matched by the columns of its conflict target in an upsert', async () => {
    await within(async () => {
      const repository = dataSource.getRepository(Identified);
      await repository.insert({ code: 'two', label: 'was there' });
      const rows = labels.map((code) => ({ code, label: `new ${code}` }) as Identified);
      await repository.upsert(rows, ['organizationId', 'code']);
      expect(rows.map(({ code }) => code)).toEqual(labels);
      for (const row of rows) expect(await repository.findOneBy({ id: row.id })).toMatchObject({ code: row.code });
    });
  });
});
