import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, CreateDateColumn, DataSource, Entity, OneToMany, ManyToOne, PrimaryColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { places } from '../../../support/places.js';

@Entity('van')
@TenantScoped()
class Van {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @OneToMany(() => Stop, (stop) => stop.van) stops!: Relation<Stop>[];
}

@Entity('stop')
@TenantScoped()
class Stop {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @CreateDateColumn() at!: Date;
  @ManyToOne(() => Van, (van) => van.stops, { nullable: true }) van!: Relation<Van> | null;
}

@Controller('stops')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Stop)
class StopsController extends CrudController<Stop> {}

@Controller('vans')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Van, { filter: ['id', 'stops.at'] })
class VansController extends CrudController<Van> {}

/** Three moments within one millisecond, and those beside it. */
const MOMENTS = ['55.999999', '56.000000', '56.789000', '56.789456', '56.789999', '56.790000'];
const SHOWN = '2026-01-31T12:34:56.789Z';

/** Writes moments as each database's own functions do. SQLite's leave out a fraction of zero, and have milliseconds. */
async function insert(dataSource: DataSource): Promise<void> {
  const quote = (name: string): string => dataSource.driver.escape(name);
  const into = (table: string, ...columns: string[]): string =>
    `INSERT INTO ${quote(table)} (${columns.map(quote).join(', ')}) VALUES`;
  await dataSource.query(`${into('van', 'id', 'organizationId')} (1, 1), (2, 1)`);
  const rows = MOMENTS.map((seconds, i) => {
    const at = new Date(`2026-01-31T12:34:${seconds}Z`);
    const isSqlite = dataSource.options.type === 'sqljs';
    // The zone in which the driver reads and writes.
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
    const text = isSqlite
      ? at.toISOString().replace('T', ' ').replace('Z', '').replace('.000', '')
      : `${local.slice(0, 17).replace('T', ' ')}${seconds}`;
    return `(${i + 1}, 1, '${text}', ${i === 1 || i === 5 ? 1 : 2})`;
  });
  await dataSource.query(`${into('stop', 'id', 'organizationId', 'at', 'vanId')} ${rows.join(', ')}`);
}

describe.each(places)('a filter by a point in time, on $adapter and $database', ({ adapter, database }) => {
  let application: ScopedApplication;
  const hasMicroseconds = database !== 'sqljs';

  beforeAll(async () => {
    application = await openScopedApplication({
      database,
      adapter,
      entities: [Van, Stop],
      controllers: [StopsController, VansController],
    });
    await application.tenancy.unscoped('a test', () => insert(application.dataSource));
  });
  afterAll(() => application.close());

  const ids = async (path: string): Promise<unknown> => {
    const { text } = await application.transport.send({ url: path, headers: { 'x-user': '1' } });
    const { items, message } = JSON.parse(text) as { items?: { id: number }[]; message?: unknown };
    return items?.map(({ id }) => id) ?? message;
  };

  it.each([
    [`at=${SHOWN}`, [3, 4, 5]],
    [`at__ne=${SHOWN}`, [1, 2, 6]],
    [`at__gt=${SHOWN}`, [6]],
    [`at__gte=${SHOWN}`, [3, 4, 5, 6]],
    [`at__lt=${SHOWN}`, [1, 2]],
    [`at__lte=${SHOWN}`, [1, 2, 3, 4, 5]],
    [`at__in=${SHOWN},2026-01-31T12:34:56Z`, [2, 3, 4, 5]],
    [`at__in=${SHOWN},2026-01-31T12:34:56Z,2026-01-31T12:34:55.999Z`, [1, 2, 3, 4, 5]],
    [`at__not_in=${SHOWN},2026-01-31T12:34:56Z`, [1, 6]],
    [`at__between=2026-01-31T12:34:56Z,${SHOWN}`, [2, 3, 4, 5]],
    ['at=2026-01-31T12:34:56Z', [2]],
    ['at=2026-01-31T12:34:56.79Z', [6]],
    ['at=2026-01-31T12:34:56.7Z', []],
    ['at__lte=9999-12-31T23:59:59.999Z', [1, 2, 3, 4, 5, 6]],
    ['at__gt=9999-12-31T23:59:59.999Z', []],
    ['at=9999-12-31T23:59:59.999Z', []],
    [`at__in=9999-12-31T23:59:59.999Z,${SHOWN}`, [3, 4, 5]],
  ])('with milliseconds matches its whole millisecond: %s', async (query, expected) => {
    expect(await ids(`/stops?sort=id&${query}`)).toEqual(expected);
    const [name, operand] = query.split('=');
    const value = /in$|between$/.test(name) ? operand.split(',') : operand;
    expect(await ids(`/stops?sort=id&filters=${encodeURIComponent(JSON.stringify({ [name]: value }))}`)).toEqual(
      expected,
    );
  });

  it('holds for one related row at a time', async () => {
    expect(await ids(`/vans?sort=id&stops.at=${SHOWN}`)).toEqual([2]);
    expect(await ids('/vans?sort=id&stops.at=2026-01-31T12:34:56.79Z')).toEqual([1]);
    // The van has a stop before that moment and one after it, and none at it.
    expect(await ids('/vans?sort=id&stops.at=2026-01-31T12:34:56.5Z')).toEqual([]);
  });

  it('does not return the row that it was taken from again', async () => {
    const { text } = await application.transport.send({ url: '/stops?sort=at&limit=5', headers: { 'x-user': '1' } });
    const last = (JSON.parse(text) as { items: { at: string }[] }).items.at(-1)!;
    expect(last.at).toBe(SHOWN);
    expect(await ids(`/stops?at__gt=${last.at}`)).toEqual([6]);
  });

  it('with microseconds is exact', async () => {
    if (!hasMicroseconds) {
      expect(await ids('/stops?at=2026-01-31T12:34:56.789456Z')).toEqual([]);
      expect(await ids('/stops?sort=id&at__gt=2026-01-31T12:34:56.788999Z')).toEqual([3, 4, 5, 6]);
      return;
    }
    expect(await ids('/stops?at=2026-01-31T12:34:56.789456Z')).toEqual([4]);
    expect(await ids('/stops?at=2026-01-31T13:34:56.789456%2B01:00')).toEqual([4]);
    expect(await ids('/stops?at=2026-01-31T12:34:56.789000Z')).toEqual([3]);
    expect(await ids('/stops?at=2026-01-31T12:34:56.789999Z')).toEqual([5]);
    expect(await ids('/stops?sort=id&at__gt=2026-01-31T12:34:56.789456Z')).toEqual([5, 6]);
    expect(await ids('/stops?sort=id&at__lte=2026-01-31T12:34:56.789456Z')).toEqual([1, 2, 3, 4]);
    expect(await ids('/stops?sort=id&at__in=2026-01-31T12:34:56.789456Z,2026-01-31T12:34:56Z')).toEqual([2, 4]);
    expect(await ids(`/stops?sort=id&at__between=2026-01-31T12:34:56.789456Z,${SHOWN}`)).toEqual([4, 5]);
  });

  it('reads the index on the column', async () => {
    if (!database.startsWith('postgres')) return;
    const { tenancy, dataSource } = application;
    await tenancy.unscoped('a test', () => dataSource.query('CREATE INDEX stop_at ON "stop" ("at")'));
    const plan = await tenancy.unscoped('a test', async () => {
      const runner = dataSource.createQueryRunner();
      try {
        await runner.query('SET enable_seqscan = off');
        return JSON.stringify(
          await runner.query(
            `EXPLAIN SELECT * FROM "stop" WHERE ("at" >= CAST($1 AS timestamp) + $2 * INTERVAL '1 microsecond' AND "at" < $3)`,
            [new Date(), 5, new Date()],
          ),
        );
      } finally {
        await runner.query('RESET enable_seqscan');
        await runner.release();
      }
    });
    expect(plan).toContain('stop_at');
  });
});
