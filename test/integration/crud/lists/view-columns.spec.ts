import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn, ViewColumn, ViewEntity } from 'typeorm';
import type { DataSource } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

@Entity()
@TenantScoped()
class Sale {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @Column({ type: 'int' }) cents!: number;
  @Column({ type: Date }) soldAt!: Date;
  @Column({ type: Boolean }) paid!: boolean;
}

/** A view whose columns say their types by TypeScript, by an option, or by a transformer. */
@ViewEntity({
  name: 'sale_view',
  expression: (dataSource: DataSource) =>
    dataSource
      .createQueryBuilder()
      .select('s.id', 'id')
      .addSelect('s.organizationId', 'organizationId')
      .addSelect('s.title', 'title')
      .addSelect('s.cents', 'cents')
      .addSelect('s.cents + 0', 'euros')
      .addSelect('s.soldAt', 'soldAt')
      .addSelect('s.paid', 'paid')
      .addSelect('COALESCE(s.title, s.title)', 'label')
      .from(Sale, 's'),
})
@TenantScoped()
class SaleView {
  @PrimaryColumn() id!: number;
  @ViewColumn() organizationId!: number;
  @ViewColumn() title!: string;
  @ViewColumn() cents!: number;
  @ViewColumn({ transformer: { to: (euros: number) => euros * 100, from: (cents: number) => cents / 100 } })
  euros!: number;
  @ViewColumn() soldAt!: Date;
  @ViewColumn() paid!: boolean;
  @Column({ type: 'varchar' }) label!: string;
}

@Controller('sales')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(SaleView, { only: ['findAll', 'findOne'] })
class SaleViewsController extends CrudController<SaleView> {}

describe.each(places)('columns of a view, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({ ...place, entities: [Sale, SaleView], controllers: [SaleViewsController] });
    for (const organizationId of [1, 2]) {
      await world.tenancy.run({ organizationId }, () =>
        world.dataSource.getRepository(Sale).save(
          [9, 10, 200].map((cents, i) => ({
            title: `t${cents}`,
            cents,
            soldAt: new Date(Date.UTC(2026, i, 1)),
            paid: i === 1,
          })),
        ),
      );
    }
  });
  afterAll(() => world?.close());

  const list = async (query: string): Promise<{ status: number; titles: unknown; text: string }> => {
    const { status, text } = await world.transport.send({ url: `/sales?${query}`, headers: { 'x-user': '1' } });
    const { items } = JSON.parse(text) as { items?: { title: string }[] };
    return { status, titles: items?.map(({ title }) => title), text };
  };

  it.each([
    ['title=t10', ['t10']],
    ['title__contains=0', ['t10', 't200']],
    ['cents=10', ['t10']],
    ['cents__gt=9', ['t10', 't200']],
    ['cents__between=9,10', ['t9', 't10']],
    ['euros=0.1', ['t10']],
    ['euros__in=0.09,2', ['t9', 't200']],
    ['soldAt__gte=2026-02-01', ['t10', 't200']],
    ['soldAt=2026-01-01T00:00:00Z', ['t9']],
    ['paid=true', ['t10']],
    ['label__starts_with=t2', ['t200']],
  ])('?%s is a filter', async (query, titles) => {
    const answer = await list(`${query}&sort=id`);
    expect([answer.status, answer.titles]).toEqual([200, titles]);
  });

  it.each([
    ['-cents', ['t200', 't10', 't9']],
    ['soldAt', ['t9', 't10', 't200']],
    ['-soldAt', ['t200', 't10', 't9']],
    ['-paid,cents', ['t10', 't9', 't200']],
    ['title', ['t10', 't200', 't9']],
    ['-label', ['t9', 't200', 't10']],
  ])('?sort=%s is an order', async (order, titles) => {
    const answer = await list(`sort=${order}`);
    expect([answer.status, answer.titles]).toEqual([200, titles]);
  });

  it.each(['cents=x', 'soldAt=yesterday', 'paid=perhaps', 'cents__contains=1', 'euros=x'])(
    '?%s does not fit the column',
    async (query) => {
      expect((await list(query)).status).toBe(400);
    },
  );

  it('values have the types that the class declares', async () => {
    const { text } = await list('cents=10');
    expect((JSON.parse(text) as { items: unknown[] }).items).toEqual([
      {
        id: expect.any(Number),
        organizationId: 1,
        title: 't10',
        cents: 10,
        euros: 0.1,
        soldAt: '2026-02-01T00:00:00.000Z',
        paid: true,
        label: 't10',
      },
    ]);
  });

  it('a cursor leads through an order by a column', async () => {
    const first = JSON.parse((await list('sort=-cents&limit=2&cursor=')).text) as { nextCursor: string };
    expect((await list(`sort=-cents&limit=2&cursor=${first.nextCursor}`)).titles).toEqual(['t9']);
  });
});
