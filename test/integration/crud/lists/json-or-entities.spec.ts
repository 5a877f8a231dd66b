import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards, UsePipes } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';

/*
 * Rows that hold nothing but what the answer shows go into it as the driver gives them. Their columns then bear the names of properties, whatever
 * these are.
 */

@Entity()
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() subject!: string;
  @Column({ nullable: true }) isFragile!: boolean;
  @Column({ type: 'simple-enum', enum: ['small', 'large'], nullable: true }) size!: string | null;
  @CreateDateColumn() createdAt!: Date;
}

/** Whose properties are called as parts of statements, and as each other. */
@Entity()
@TenantScoped()
class Oddity {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ name: 'a1' }) total!: number;
  @Column({ name: 'a2' }) c1!: string;
  @Column({ name: 'a3' }) c2!: string;
  @Column({ name: 'a4' }) k0!: string;
  @Column({ name: 'a5' }) order!: string;
  @Column({ name: 'a6' }) item!: string;
  @Column({ name: 'a7' }) code!: string;
  @Column({ name: 'a8' }) Code!: string;
  @Column({ name: 'a9' }) $tag!: string;
  @Column({ name: 'a10' }) größe!: string;
  @Column({ name: 'a11' }) thisNameIsLongerThanMostDatabasesWouldTakeForThatOfAnyColumnAtAll!: string;
}

/** Words that read as numbers become numbers. */
@Entity()
@TenantScoped()
class Grade {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'simple-enum', enum: [1, 2, 3] }) grade!: number;
}

@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel)
class ParcelsController extends CrudController<Parcel> {}

@Controller('oddities')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Oddity)
class OdditiesController extends CrudController<Oddity> {}

@Controller('grades')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Grade)
class GradesController extends CrudController<Grade> {}

/** Lists by a query of its own while one of a client is read. */
class PeekingPipe implements PipeTransform {
  static readonly seen: object[] = [];

  async transform(value: unknown, { type }: ArgumentMetadata): Promise<unknown> {
    if (type === 'query') PeekingPipe.seen.push(...(await PeekedParcelsController.own!.first()));
    return value;
  }
}

@Controller('peeked-parcels')
@TenantScoped()
@UseGuards(TestGuard)
@UsePipes(PeekingPipe)
@Crud(Parcel)
class PeekedParcelsController extends CrudController<Parcel> {
  static own: PeekedParcelsController | undefined;

  constructor() {
    super();
    PeekedParcelsController.own = this;
  }

  async first(): Promise<Parcel[]> {
    const { items } = await this.service.findAll({ limit: 1 });
    return items;
  }
}

const places = databasesToTest().map((database, i) => ({
  database,
  adapter: adaptersToTest()[i % adaptersToTest().length],
}));

describe.each(places)('rows of lists over $adapter, on $database', (place) => {
  let application: ScopedApplication;

  beforeAll(async () => {
    application = await openScopedApplication({
      ...place,
      entities: [Parcel, Oddity, Grade],
      controllers: [ParcelsController, OdditiesController, GradesController, PeekedParcelsController],
    });
    for (const organizationId of [1, 2]) {
      await application.tenancy.run({ organizationId }, async () => {
        const { dataSource } = application;
        await dataSource.getRepository(Parcel).save([
          { subject: `first of ${organizationId}`, isFragile: true, size: 'small' },
          { subject: `second of ${organizationId}`, isFragile: false },
        ] as Parcel[]);
        const names = dataSource.getMetadata(Oddity).columns.map(({ propertyName }) => propertyName);
        const texts = names.filter((name) => !['id', 'organizationId', 'total'].includes(name));
        const row = Object.fromEntries(texts.map((name) => [name, `${name} of ${organizationId}`]));
        await dataSource.getRepository(Oddity).save([{ ...row, total: 77 }] as never);
        await dataSource.getRepository(Grade).save([{ grade: 2 }, { grade: 3 }]);
      });
    }
  });

  afterAll(() => application?.close());

  const get = async (url: string, user: number): Promise<unknown> => {
    const { status, text } = await application.transport.send({ url, headers: { 'x-user': String(user) } });
    expect(status).toBe(200);
    return JSON.parse(text);
  };

  it.each(['parcels', 'oddities', 'grades'])('are the rows of %s that are read one by one', async (path) => {
    for (const query of ['?count=none', '?count=exact', '?count=none&sort=-id', '?cursor=', '?count=none&fields=id']) {
      for (const user of [1, 2, 1]) {
        const { items } = (await get(`/${path}${query}`, user)) as { items: { id: number }[] };
        expect(items.length).toBeGreaterThan(0);
        for (const item of items) {
          const row = (await get(`/${path}/${item.id}`, user)) as object;
          const shown = query.includes('fields') ? { id: item.id } : row;
          // The order of names too.
          expect(JSON.stringify(item)).toBe(JSON.stringify(shown));
          expect(row).toMatchObject({ organizationId: user });
        }
      }
    }
  });

  it('are entities for a query of the application’s own', async () => {
    PeekingPipe.seen.length = 0;
    const { items } = (await get('/peeked-parcels?count=none', 1)) as { items: unknown[] };
    expect(items).toHaveLength(2);
    expect(PeekingPipe.seen).toEqual([expect.any(Parcel)]);
  });

  it('are those that are there now, whenever they are asked for', async () => {
    const before = (await get('/parcels?count=exact', 2)) as { total: number };
    await application.tenancy.run({ organizationId: 2 }, () =>
      application.dataSource.getRepository(Parcel).save({ subject: 'late', isFragile: false }),
    );
    const after = (await get('/parcels?count=exact', 2)) as { total: number; items: unknown[] };
    expect(after.total).toBe(before.total + 1);
    expect(after.items).toHaveLength(after.total);
  });
});
