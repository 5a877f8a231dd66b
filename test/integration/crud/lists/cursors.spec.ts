import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import type { DatabaseKind } from '../../../support/databases.js';
import { Random, seedOf } from '../../../support/random.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';

/*
 * A list of 10,000 rows of one tenant, among 2,000 of another, is read by cursor while rows come and go. TEST_SEED chooses other rows.
 */

const ROWS = 10_000;
const FOREIGN_ROWS = 2_000;
const PAGE = 250;
const seed = seedOf('TEST_SEED');

const SORTS = [
  'level__desc__nullslast,-at,amount__asc__nullsfirst,text',
  'batch.name__asc__nullsfirst,text__desc,at__nullsfirst,-amount,rank',
];

const LEVELS = ['low', 'high', 'medium'];

function entitiesOf(database: DatabaseKind) {
  const isSqlite = database === 'sqljs';
  const instant: ColumnOptions =
    database === 'mariadb' ? { type: 'datetime', precision: 6 } : { type: isSqlite ? 'datetime' : 'timestamp' };

  @Entity()
  @TenantScoped()
  class Batch {
    @PrimaryColumn() id!: number;
    @Column() organizationId!: number;
    @Column({ type: String, nullable: true }) name!: string | null;
  }

  @Entity()
  @TenantScoped()
  class Entry {
    @PrimaryColumn() id!: number;
    @Column() organizationId!: number;
    @Column() rank!: number;
    @Column({ type: String, nullable: true }) text!: string | null;
    @Column({ type: isSqlite ? 'simple-enum' : 'enum', enum: LEVELS, nullable: true }) level!: string | null;
    @Column({ type: 'decimal', precision: 12, scale: 4, nullable: true }) amount!: string | null;
    @Column({ ...instant, nullable: true }) at!: Date | null;
    @Column({ type: Number, nullable: true }) batchId!: number | null;
    @ManyToOne(() => Batch) batch!: Relation<Batch> | null;
  }
  return { Batch, Entry };
}

interface CursorPage {
  readonly items: readonly { readonly id: number; readonly organizationId: number }[];
  readonly limit: number;
  readonly nextCursor: string | null;
  readonly prevCursor: string | null;
}

const adapters = adaptersToTest();
const places = databasesToTest().map((database, i) => ({ database, adapter: adapters[i % adapters.length] }));

describe.each(places)(`cursors over rows from seed ${seed}, over $adapter, on $database`, ({ database, adapter }) => {
  const random = new Random(seed);
  const { Batch, Entry } = entitiesOf(database);

  @Controller('entries')
  @TenantScoped()
  @UseGuards(TestGuard)
  @Crud(Entry, {
    limit: { max: PAGE },
    sort: ['id', 'rank', 'text', 'level', 'amount', 'at', 'batch.name'],
    search: ['text'],
  })
  class EntriesController extends CrudController<InstanceType<typeof Entry>> {}

  let world: ScopedApplication;
  const get = async (url: string, tenant = 1): Promise<{ status: number; page: CursorPage; link: string }> => {
    const { status, text, headers } = await world.transport.send({ url, headers: { 'x-user': String(tenant) } });
    return { status, page: JSON.parse(text) as CursorPage, link: String(headers['link']) };
  };
  const sql = (text: string): Promise<unknown> =>
    world.tenancy.unscoped('rows come and go', () => world.dataSource.query(text));

  /** A row as SQL: many share each value, and some have none. */
  const row = (id: number, tenant: number): string => {
    const orNull = (text: string): string => (random.chance(0.15) ? 'NULL' : text);
    return `(${[
      id,
      tenant,
      random.below(10),
      orNull(`'${random.pick(['', 'a', 'A', "it''s", 'ä', 'zebra', '%', 'null'])}'`),
      orNull(`'${random.pick(LEVELS)}'`),
      orNull(random.pick(['-1.5', '0', '0.0001', '0.0002', '12345678.1234', '12345678.1235'])),
      orNull(`'2026-01-01 00:00:00.1230${String(random.below(40)).padStart(2, '0')}'`),
      orNull(String(random.between(tenant * 10 + 1, tenant * 10 + 8))),
    ].join()})`;
  };
  const insert = (rows: readonly string[]): Promise<unknown> =>
    sql(
      `INSERT INTO entry (id, ${['organizationId', 'rank', 'text', 'level', 'amount', 'at', 'batchId']
        .map((name) => world.dataSource.driver.escape(name))
        .join()}) VALUES ${rows.join()}`,
    );

  beforeAll(async () => {
    world = await openScopedApplication({
      database,
      adapter,
      entities: [Batch, Entry],
      controllers: [EntriesController],
    });
    const batches = [1, 2].flatMap((tenant) =>
      Array.from({ length: 8 }, (_, i) => ({
        id: tenant * 10 + i + 1,
        organizationId: tenant,
        name: i < 2 ? null : `batch ${i >> 1}`,
      })),
    );
    await world.tenancy.unscoped('two tenants', () => world.dataSource.getRepository(Batch).insert(batches));
  }, 120_000);
  afterAll(() => world?.close());

  /** Every row anew: those up to ROWS are the first tenant's. */
  beforeEach(async () => {
    await sql('DELETE FROM entry');
    const rows = Array.from({ length: ROWS + FOREIGN_ROWS }, (_, i) => row(i + 1, i < ROWS ? 1 : 2));
    await insert(rows);
  }, 120_000);

  const isUntouched = (id: number): boolean => id <= ROWS && id % 10 !== 7;
  const untouched = Array.from({ length: ROWS }, (_, i) => i + 1).filter(isUntouched);

  /** Something happens between two pages: a few of the rows that may go go, and a few new ones come. */
  const comings = (): (() => Promise<void>) => {
    let doomed = Array.from({ length: ROWS / 10 }, (_, i) => i * 10 + 7);
    let next = ROWS + FOREIGN_ROWS;
    return async () => {
      doomed = doomed.sort(() => random.next() - 0.5);
      await sql(`DELETE FROM entry WHERE id IN (${doomed.splice(0, 12).concat(-1).join()})`);
      await insert(random.several(10, () => row((next += 1), random.between(1, 2))));
    };
  };

  it.each(SORTS)(
    'yield each untouched row once in each direction, while others come and go: %s',
    async (sort) => {
      const happen = comings();
      const forwards: number[] = [];
      const seen: CursorPage[] = [];
      // As a client would: from the first page on, by the links.
      let url: string | undefined = `/entries?sort=${sort}&limit=${PAGE}&cursor=`;
      while (url !== undefined) {
        const { status, page, link } = await get(url);
        expect([status, page.limit]).toEqual([200, PAGE]);
        seen.push(page);
        forwards.push(...page.items.map(({ id }) => id));
        expect(page.items.every(({ organizationId }) => organizationId === 1)).toBe(true);
        url = /<([^>]+)>; rel="next"/.exec(link)?.[1];
        expect(url === undefined).toBe(page.nextCursor === null);
        if (url !== undefined) expect(page.items).toHaveLength(PAGE);
        await happen();
      }
      expect(seen[0].prevCursor).toBeNull();
      // Back again, by the cursors.
      const backwards = seen.at(-1)!.items.map(({ id }) => id);
      let cursor = seen.at(-1)!.prevCursor;
      while (cursor !== null) {
        const { status, page } = await get(`/entries?sort=${sort}&limit=${PAGE}&cursor=${cursor}`);
        expect(status).toBe(200);
        backwards.unshift(...page.items.map(({ id }) => id));
        cursor = page.prevCursor;
        await happen();
      }
      for (const ids of [forwards, backwards]) {
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.filter(isUntouched).sort((a, b) => a - b)).toEqual(untouched);
      }
      expect(backwards.filter(isUntouched)).toEqual(forwards.filter(isUntouched));
    },
    600_000,
  );

  it('lead from a page to the one before it and back, and end where the list does', async () => {
    const first = (await get('/entries?sort=-rank&limit=3&cursor=')).page;
    const second = (await get(`/entries?sort=-rank&limit=3&cursor=${first.nextCursor}`)).page;
    const { page, link } = await get(`/entries?sort=-rank&limit=3&cursor=${second.prevCursor}`);
    expect(page.items).toEqual(first.items);
    expect(page.prevCursor).toBeNull();
    expect(link).not.toContain('rel="prev"');
    expect((await get(`/entries?sort=-rank&limit=3&cursor=${page.nextCursor}`)).page.items).toEqual(second.items);
    const empty = (await get('/entries?rank=99&cursor=')).page;
    expect(empty).toEqual({ items: [], limit: 20, nextCursor: null, prevCursor: null });
  });

  it('of another list, sort, filter or search are refused', async () => {
    const { nextCursor } = (await get('/entries?sort=rank&rank__lt=5&limit=2&cursor=')).page;
    for (const query of [
      'sort=rank&limit=2',
      'sort=-rank&rank__lt=5',
      'sort=rank&rank__lt=6',
      'sort=rank&rank__lt=5&search=a',
    ]) {
      expect([query, (await get(`/entries?${query}&cursor=${nextCursor}`)).status]).toEqual([query, 400]);
    }
    // Another size of page is the same list.
    expect((await get(`/entries?sort=rank&rank__lt=5&limit=7&cursor=${nextCursor}`)).status).toBe(200);
    for (const query of ['limit=251', 'limit=0']) {
      expect([query, (await get(`/entries?sort=rank&cursor=&${query}`)).status]).toEqual([query, 400]);
    }
    for (const query of ['offset=1', 'page=1', 'count=exact', 'limit=0']) {
      const answer = await get(`/entries?sort=rank&rank__lt=5&cursor=${nextCursor}&${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
    }
  });

  it('that are forged or belong to another tenant show own rows only, or are a 400', async () => {
    const sort = 'rank,text,level,amount,at,batch.name';
    const { page } = await get(`/entries?sort=${sort}&limit=5&cursor=`, 2);
    expect(page.items.every(({ organizationId }) => organizationId === 2)).toBe(true);
    const original = JSON.parse(Buffer.from(page.nextCursor!, 'base64url').toString()) as unknown[];
    const forge = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64url');
    const values = [
      ...[
        null,
        true,
        false,
        0,
        -1,
        1.5,
        1e308,
        'x',
        '',
        "'",
        "' OR 1=1 --",
        '2026-13-45',
        'NaN',
        '99999999999999999999',
      ],
      ...['\u0000', 'medium', [], [1], {}, { id: 1 }, '2026-01-01 00:00:00.123001', 'a'.repeat(2000)],
    ];
    const forged = [
      page.nextCursor!,
      ...original.flatMap((_, i) => values.map((value) => forge(original.with(i, value)))),
      ...random.several(100, () => forge(original.map((value) => (random.chance(0.3) ? random.pick(values) : value)))),
      ...random.several(100, () => damaged(page.nextCursor!, random)),
      ...[forge({}), forge([]), forge(original.slice(0, -1)), forge([...original, 1]), forge(null), 'x', '*', '%00'],
    ];
    let answered = 0;
    for (const cursor of forged) {
      const answer = await get(`/entries?sort=${sort}&limit=5&cursor=${encodeURIComponent(cursor)}`);
      const { items = [] } = answer.page;
      expect([cursor, answer.status]).toEqual([cursor, answer.status === 200 ? 200 : 400]);
      expect(items.every(({ organizationId }) => organizationId === 1)).toBe(true);
      if (answer.status === 200) answered += 1;
      else expect(JSON.stringify(answer.page)).not.toMatch(/select|syntax|column "/i);
    }
    expect(answered).toBeGreaterThan(20);
  }, 300_000);
});

/** A text with a letter changed, taken out or put in. */
function damaged(text: string, random: Random): string {
  const at = random.below(text.length);
  const letter = random.pick([...'ABCabc019_-']);
  return text.slice(0, at) + random.pick(['', letter, letter + letter]) + text.slice(at + random.below(2));
}
