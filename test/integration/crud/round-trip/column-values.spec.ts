import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { ListQuery, Page } from 'nestjs-muck';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn, Unique, VirtualColumn } from 'typeorm';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Entity()
@TenantScoped()
class Sample {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'float', nullable: true }) weight!: number | null;
  @Column({ type: 'bigint', nullable: true }) big!: string | null;
  @Column({ type: 'decimal', precision: 20, scale: 6, nullable: true }) price!: string | null;
  @Column({ type: Date, nullable: true }) at!: Date | null;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column({ type: 'varchar', length: 40, nullable: true }) word!: string | null;
  @Column({ type: 'simple-enum', enum: ['low', 'high', 'medium'], nullable: true }) level!: string | null;
  @Column({ type: 'boolean', nullable: true }) done!: boolean | null;
  @Column({ type: 'time', nullable: true }) clock!: string | null;
}

@Entity()
@TenantScoped()
class Great {
  @PrimaryColumn({ type: 'bigint' }) id!: string;
  @Column() organizationId!: number;
  @Column({ length: 40 }) text!: string;
}

@Entity()
@TenantScoped()
class Uuided {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column() text!: string;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @VirtualColumn({ query: (alias) => `SELECT ${alias}.id + 1` }) following!: number;
}

@Entity()
@TenantScoped()
class Priced {
  @PrimaryColumn({ type: 'decimal', precision: 8, scale: 2 }) amount!: string;
  @Column() organizationId!: number;
  @Column() text!: string;
}

@Entity()
@TenantScoped()
class Named {
  @PrimaryColumn({ length: 60 }) slug!: string;
  @Column() organizationId!: number;
  @Column() text!: string;
}

@Controller('samples')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample, { search: ['word'], also: ['createMany'] })
class SamplesController extends CrudController<Sample> {}

/** Whose rows are entities. */
@Controller('seen-samples')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Sample)
class SeenSamplesController extends CrudController<Sample> {
  override async findAll(query: ListQuery<Sample>): Promise<Page<Sample>> {
    return super.findAll(query);
  }
}

@Controller('greats')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Great, { also: ['createMany'] })
class GreatsController extends CrudController<Great> {}

@Controller('uuided')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Uuided, { also: ['createMany'] })
class UuidedController extends CrudController<Uuided> {}

@Controller('labels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Label)
class LabelsController extends CrudController<Label> {}

@Controller('priced')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Priced, { also: ['createMany'] })
class PricedController extends CrudController<Priced> {}

@Controller('named')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Named, { also: ['createMany'], bulk: { max: 2000 } })
class NamedController extends CrudController<Named> {}

interface Answered {
  status: number;
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  headers: Readonly<Record<string, unknown>>;
  text: string;
}

describe.each(places)('values at their edges, on $adapter and $database', (place) => {
  @Entity()
  @TenantScoped()
  class Padded {
    @PrimaryColumn({ type: place.database === 'sqljs' ? 'character' : 'char', length: 5 }) code!: string;
    @Column() organizationId!: number;
    @Column() text!: string;
  }

  @Controller('padded')
  @TenantScoped()
  @UseGuards(TestGuard)
  @Crud(Padded, { also: ['createMany'] })
  class PaddedController extends CrudController<Padded> {}

  let world: ScopedApplication;

  const send = async (
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    url: string,
    body?: unknown,
    user = '1',
  ): Promise<Answered> => {
    const { status, headers, text } = await world.transport.send({
      method,
      url,
      headers: { 'x-user': user, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status, headers, text, body: text === '' ? undefined : JSON.parse(text) };
  };
  const list = (path: string, query: Readonly<Record<string, string>>): Promise<Answered> =>
    send('GET', `${path}?${new URLSearchParams(query).toString()}`);
  /** The ids of a whole list, page by page; stops where pages repeat. */
  const walk = async (path: string, query: Readonly<Record<string, string>>, most: number): Promise<unknown[]> => {
    const ids: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null && ids.length <= most + 2) {
      const { status, body, text } = await list(path, { ...query, limit: '1', cursor });
      if (status !== 200) throw new Error(text);
      ids.push(...body.items.map((item: { id: unknown }) => item.id));
      cursor = body.nextCursor;
    }
    return ids;
  };
  const fresh = async (rows: readonly object[]): Promise<number[]> => {
    for (const { id } of (await list('/samples', { limit: '100', fields: 'id' })).body.items) {
      await send('DELETE', `/samples/${id}`);
    }
    const { status, body, text } = await send('POST', '/samples/bulk', rows);
    if (status !== 201) throw new Error(text);
    return body.map(({ id }: Sample) => id);
  };

  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Sample, Great, Uuided, Label, Padded, Priced, Named],
      controllers: [
        SamplesController,
        SeenSamplesController,
        GreatsController,
        UuidedController,
        LabelsController,
        PaddedController,
        PricedController,
        NamedController,
      ],
    });
  });
  afterAll(() => world?.close());

  it.each(['weight', '-weight'])('floats of more digits than are shown are paged through once: %s', async (sort) => {
    const ids = await fresh([123456.6, 123456.7, 123456.8, 123456.9, 123457].map((weight) => ({ weight })));
    const walked = await walk('/samples', { sort }, ids.length);
    expect(walked).toEqual(sort.startsWith('-') ? [...ids].reverse() : ids);
  });

  it.each(['big', '-big'])('numbers of 64 bits are paged through once: %s', async (sort) => {
    // Elsewhere the second one of them has no number of JavaScript's own.
    const first = place.database === 'sqljs' ? 9007199254740989n : 9007199254740993n;
    const ids = await fresh([0n, 1n, 2n].map((more) => ({ big: String(first + more) })));
    const walked = await walk('/samples', { sort }, ids.length);
    expect(walked).toEqual(sort.startsWith('-') ? [...ids].reverse() : ids);
  });

  it('a number of 64 bits is shown as it was sent, in a list too, or refused where only 53 of them arrive', async () => {
    const { status, body } = await send('POST', '/samples', { big: '9007199254740993' });
    if (place.database === 'sqljs') return expect(status).toBe(400);
    expect(body.big).toBe('9007199254740993');
    expect((await list('/samples', { id: String(body.id) })).body.items[0].big).toBe('9007199254740993');
    expect((await list('/samples', { big: '9007199254740993', id: String(body.id) })).body.total).toBe(1);
    expect((await list('/samples', { big: '9007199254740992', id: String(body.id) })).body.total).toBe(0);
  });

  it('a great id means its own row, in reading and in writing', async () => {
    const takes = place.database === 'sqljs' ? 400 : 201;
    for (const id of ['9007199254740992', '9007199254740993']) {
      expect((await send('POST', '/greats', { id, text: id })).status).toBe(takes);
    }
    if (takes === 400) return expect((await send('GET', '/greats/9007199254740993')).status).toBe(404);
    expect((await send('GET', '/greats/9007199254740993')).body.text).toBe('9007199254740993');
    expect((await send('PATCH', '/greats/9007199254740993', { text: 'changed' })).status).toBe(200);
    expect((await send('GET', '/greats/9007199254740992')).body.text).toBe('9007199254740992');
    expect((await send('GET', '/greats/9007199254740993')).body.text).toBe('changed');
    await send('DELETE', '/greats/9007199254740993');
    expect((await send('GET', '/greats/9007199254740992')).status).toBe(200);
  });

  it('decimals that share one floating point number are paged through once', async () => {
    const ids = await fresh(
      ['12345678901234.100001', '12345678901234.100002', '12345678901234.100003'].map((price) => ({ price })),
    );
    expect(await walk('/samples', { sort: 'price' }, ids.length)).toEqual(ids);
  });

  it('UUIDs are paged through once, in both directions', async () => {
    const made = await send(
      'POST',
      '/uuided/bulk',
      Array.from({ length: 9 }, (_, i) => ({ text: `${i % 3}` })),
    );
    expect(made.status).toBe(201);
    for (const sort of ['id', '-id', 'text', '-text,id']) {
      const walked = await walk('/uuided', { sort }, 9);
      expect(walked).toHaveLength(9);
      expect([...walked].sort()).toEqual(made.body.map(({ id }: Uuided) => id).sort());
    }
  });

  it('booleans, enumerations and times are paged through once', async () => {
    const ids = await fresh([
      { done: true, level: 'low', clock: '23:59' },
      { done: false, level: 'high', clock: '00:00:01' },
      { done: null, level: 'medium', clock: '12:00' },
      { done: true, level: null, clock: '12:00:00' },
      { done: false, level: 'low', clock: null },
    ]);
    for (const sort of ['done', '-done,level', 'level__nullsfirst,-clock', '-clock', 'clock__desc__nullslast,-id']) {
      const whole = (await list('/samples', { sort })).body.items.map(({ id }: Sample) => id);
      expect([...whole].sort()).toEqual([...ids].sort());
      expect(await walk('/samples', { sort }, 5)).toEqual(whole);
    }
  });

  it('a timestamp that its offset pushes out of the years is refused, or kept as it is', async () => {
    for (const at of ['9999-12-31T23:59:59-23:59', '0001-01-01T00:00:00+23:59']) {
      const made = await send('POST', '/samples', { at, word: 'edge' });
      if (made.status === 400) continue;
      expect(made.status).toBe(201);
      expect(new Date(made.body.at).getTime()).toBe(new Date(at).getTime());
      const [listed] = (await list('/samples', { id: String(made.body.id) })).body.items;
      const [seen] = (await list('/seen-samples', { id: String(made.body.id) })).body.items;
      expect([listed.at, seen.at]).toEqual([made.body.at, made.body.at]);
    }
  });

  it('a timestamp beyond the year 9999 compares as what it is, or is refused', async () => {
    const ids = await fresh([{ at: '2026-01-01T00:00:00Z' }]);
    const after = await list('/samples', { at__lt: '9999-12-31T23:59:59-23:59' });
    if (after.status !== 400) expect(after.body.items.map(({ id }: Sample) => id)).toEqual(ids);
    const before = await list('/samples', { at__gt: '0001-01-01T00:00:00+23:59' });
    if (before.status !== 400) expect(before.body.items.map(({ id }: Sample) => id)).toEqual(ids);
  });

  it('a shown timestamp is found by what is shown', async () => {
    const [id] = await fresh([{ at: '2026-01-01T00:00:00.123Z' }]);
    const { at } = (await send('GET', `/samples/${id}`)).body;
    expect((await list('/samples', { at })).body.total).toBe(1);
  });

  it('JSON that is a number is changed to the text of that number', async () => {
    const { body } = await send('POST', '/samples', { meta: 1 });
    expect((await send('PATCH', `/samples/${body.id}`, { meta: '1' })).body.meta).toBe('1');
    expect((await send('GET', `/samples/${body.id}`)).body.meta).toBe('1');
    await send('PATCH', `/samples/${body.id}`, { meta: true });
    expect((await send('PATCH', `/samples/${body.id}`, { meta: 'true' })).body.meta).toBe('true');
  });

  it('JSON keeps what looks like an escape', async () => {
    const meta = { text: 'a\\u0000b' };
    const made = await send('POST', '/samples', { meta });
    expect([made.status, made.body.meta]).toEqual([201, meta]);
  });

  it('JSON texts keep lone surrogates or are refused', async () => {
    const made = await send('POST', '/samples', '{"meta":{"text":"\\ud800"},"word":"\\ud83d"}');
    expect([201, 400]).toContain(made.status);
    if (made.status === 201) expect((await send('GET', `/samples/${made.body.id}`)).body).toEqual(made.body);
  });

  it('texts of any length where a unique key is are no fault of the server', async () => {
    let name = '';
    let state = 7;
    while (name.length < 20_000) {
      state = (state * 1103515245 + 12345) % 2147483648;
      name += String.fromCodePoint(0x4e00 + (state % 20000));
    }
    const { status, text } = await send('POST', '/labels', { name });
    expect({ status, text: text.slice(0, 300) }).not.toMatchObject({ status: 500 });
  });

  it('a column that TypeORM computes is compared, or cannot be named', async () => {
    await send('POST', '/labels', { name: 'first' });
    const { status: listed, body } = await list('/labels', {});
    expect(listed).toBe(200);
    for (const query of [
      { following: String(body.items[0].following ?? 2) },
      { sort: '-following' },
      { sort: 'following', cursor: '' },
    ]) {
      const { status } = await list('/labels', query as never);
      expect([200, 400]).toContain(status);
    }
  });

  it('rows that are made at once are answered, each of them, where their keys are padded texts', async () => {
    const padded = await send('POST', '/padded/bulk', [
      { code: 'a', text: '1' },
      { code: 'bb', text: '2' },
    ]);
    expect(padded.status).toBe(201);
    expect(padded.body.map(({ text }: { text: string }) => text)).toEqual(['1', '2']);
  });

  it('rows that are made at once are answered, each of them, where their keys are decimals', async () => {
    const priced = await send('POST', '/priced/bulk', [
      { amount: '1', text: '1' },
      { amount: '2.5', text: '2' },
      { amount: 3, text: '3' },
    ]);
    expect(priced.status).toBe(201);
    expect(priced.body.map(({ text }: Priced) => text)).toEqual(['1', '2', '3']);
  });

  it('a text as a key that is no Unicode is no fault of the server', async () => {
    const one = await send('POST', '/named', '{"slug":"x\\ud800","text":"lone"}');
    expect([201, 400]).toContain(one.status);
    const many = await send('POST', '/named/bulk', '[{"slug":"y\\ud800","text":"lone"},{"slug":"z","text":"plain"}]');
    expect([201, 400]).toContain(many.status);
    if (many.status === 201) expect(many.body).toHaveLength(2);
  });

  it('a thousand and a half rows at once, where the resource allows it', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => ({ slug: `b${i}`, text: 'b' }));
    const made = await send('POST', '/named/bulk', rows);
    expect(made.status).toBe(201);
    expect(made.body).toHaveLength(1500);
    expect((await list('/named', { text: 'b' })).body.total).toBe(1500);
  });

  it.each(['.', '..'])('no row is called %j: programs that read a path take it for a direction', async (slug) => {
    expect((await send('POST', '/named', { slug, text: 'called' })).status).toBe(400);
    expect((await send('POST', '/named/bulk', [{ slug, text: 'called' }])).status).toBe(400);
  });

  it.each(['a/b', 'a?b#c', ' a ', '%', '%2F', '~', 'ä̈', '💡', 'bulk', '__proto__', 'a,b', "a'b"])(
    'the row called %j is where Location says',
    async (slug) => {
      const made = await send('POST', '/named', { slug, text: 'called' });
      expect(made.status).toBe(201);
      const at = String(made.headers['location']);
      expect((await send('GET', at)).body).toEqual(made.body);
      // As each client resolves it.
      const { pathname } = new URL(at, 'http://localhost');
      expect((await send('GET', pathname)).body).toEqual(made.body);
      expect((await send('DELETE', at)).status).toBe(204);
    },
  );

  it('texts are searched for whatever their case', async () => {
    await fresh([{ word: 'Plain' }]);
    const words = async (query: Readonly<Record<string, string>>) =>
      (await list('/samples', query)).body.items.map(({ word }: Sample) => word);
    expect(await words({ search: 'PLAIN' })).toEqual(['Plain']);
    expect(await words({ word__icontains: 'lAi' })).toEqual(['Plain']);
  });

  it('an enumeration is sorted as the database does: by its declaration, or by its text', async () => {
    await fresh([{ level: 'medium' }, { level: 'low' }, { level: 'high' }]);
    const levels = (await list('/samples', { sort: 'level' })).body.items.map(({ level }: Sample) => level);
    const declared = ['low', 'high', 'medium'];
    expect(levels).toEqual(place.database.startsWith('postgres') ? declared : [...declared].sort());
  });

  it('a text is the value itself, not one that looks like it', async () => {
    await fresh([{ word: 'resume' }, { word: 'Resume' }, { word: 'résumé' }, { word: 'resume ' }]);
    const found = (await list('/samples', { word: 'resume' })).body.items.map(({ word }: Sample) => word);
    // What is alike its collation says.
    if (place.database === 'mariadb') expect(found).toContain('resume');
    else expect(found).toEqual(['resume']);
  });
});
