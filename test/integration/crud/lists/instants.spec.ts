import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { ListQuery, Page } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { describeEach } from '../../../support/describe-each.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

@Entity()
@TenantScoped()
class Delivery {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'timestamptz', nullable: true }) arrivedAt!: Date | null;
  @Column({ type: 'timestamp', nullable: true }) plannedAt!: Date | null;
  @Column({ type: 'date', nullable: true }) day!: string | null;
}

@Entity()
@TenantScoped()
class DatedDelivery {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'timestamptz', transformer: { to: (at: Date) => at, from: (at: Date | null) => at?.getTime() } })
  arrivedAt!: number;
}

@Controller('deliveries')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Delivery)
class DeliveriesController extends CrudController<Delivery> {}

@Controller('dated-deliveries')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(DatedDelivery)
class DatedDeliveriesController extends CrudController<DatedDelivery> {}

/** Whose rows are entities, since the application sees them. */
@Controller('seen-deliveries')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Delivery)
class SeenDeliveriesController extends CrudController<Delivery> {
  override async findAll(query: ListQuery<Delivery>): Promise<Page<Delivery>> {
    return super.findAll(query);
  }
}

const INSTANTS = [
  '2026-01-31 12:34:56+00',
  '2026-01-31 12:34:56.7+00',
  '2026-01-31 12:34:56.789999+00',
  '2026-07-31 23:59:59.999999-03:30',
  '0001-01-01 00:00:00+00',
  '0099-12-31 00:00:00.05+00',
  '9999-12-31 23:59:59.999+00',
  '12345-06-07 08:09:10+00',
  '0044-03-15 12:00:00+00 BC',
];

describeEach(
  databasesToTest()
    .filter((kind) => kind.startsWith('postgres'))
    .flatMap((kind) => ['UTC', 'America/St_Johns', 'Europe/London'].map((zone) => [kind, zone] as const)),
  'TEST_DATABASES names no PostgreSQL',
)('timestamps in lists, on %s in %s', (kind, zone) => {
  let application: ScopedApplication;

  beforeAll(async () => {
    application = await openScopedApplication({
      database: kind,
      adapter: adaptersToTest()[0],
      entities: [Delivery, DatedDelivery],
      controllers: [DeliveriesController, SeenDeliveriesController, DatedDeliveriesController],
      options: { extra: { options: `-c timezone=${zone}` } },
    });
    await application.tenancy.unscoped('a test', () =>
      application.dataSource.query(
        `INSERT INTO "delivery" ("organizationId", "arrivedAt", "plannedAt", "day")
         SELECT 1, at::timestamptz, at::timestamp, at::date FROM unnest($1::text[]) at UNION ALL SELECT 1, NULL, NULL, NULL`,
        [INSTANTS],
      ),
    );
    await application.tenancy.run({ organizationId: 1 }, () =>
      application.dataSource.getRepository(DatedDelivery).insert({ arrivedAt: new Date(INSTANTS[0]) as never }),
    );
  });

  afterAll(() => application.close());

  const items = async (path: string): Promise<Record<string, unknown>[]> => {
    const { text } = await application.transport.send({
      url: `/${path}?sort=id&limit=100`,
      headers: { 'x-user': '1' },
    });
    return (JSON.parse(text) as { items: Record<string, unknown>[] }).items;
  };

  it('are what an entity of the row shows, whether one is made or not', async () => {
    const rows = await items('deliveries');
    expect(rows).toHaveLength(INSTANTS.length + 1);
    expect(rows).toEqual(await items('seen-deliveries'));
    expect(rows.map(({ arrivedAt }) => arrivedAt).slice(0, 4)).toEqual([
      '2026-01-31T12:34:56.000Z',
      '2026-01-31T12:34:56.700Z',
      '2026-01-31T12:34:56.789Z',
      '2026-08-01T03:29:59.999Z',
    ]);
    expect(rows.at(-1)).toMatchObject({ arrivedAt: null, plannedAt: null, day: null });
  });

  it('are Dates to a transformer', async () => {
    const [first] = await items('dated-deliveries');
    expect(first['arrivedAt']).toBe(Date.UTC(2026, 0, 31, 12, 34, 56));
  });
});
