import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { CrossTenant, Crud, CrudController, CrudService, getCrudToken, MuckModule, TenantScoped } from 'nestjs-muck';
import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { Article, openCrudDesk, Seat, Specimen, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

/** Two texts make its key. */
@Entity()
@TenantScoped()
class Phrase {
  @PrimaryColumn({ length: 40 }) name!: string;
  @PrimaryColumn({ length: 5 }) language!: string;
  @Column() organizationId!: number;
  @Column() text!: string;
}

/** Its name in a path is unique within the tenant, not in the table. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'slug'])
class Handbook {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) slug!: string;
  @Column({ default: '' }) text!: string;
}

@Controller('specimens')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen)
class SpecimensController extends CrudController<Specimen> {}

@Controller('seats')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Seat)
class SeatsController extends CrudController<Seat> {}

@Controller('all-seats')
@CrossTenant('staff of the platform')
@UseGuards(TestGuard)
@Crud(Seat)
class AllSeatsController extends CrudController<Seat> {}

@Controller('phrases')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Phrase)
class PhrasesController extends CrudController<Phrase> {
  override findOne(id: { name: string; language: string }): Promise<Phrase> {
    expect(Object.keys(id)).toEqual(['name', 'language']);
    return super.findOne(id);
  }
}

@Controller('handbooks')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Handbook, { id: 'slug' })
class HandbooksController extends CrudController<Handbook> {}

const NOT_FOUND = { statusCode: 404, message: 'Not Found' };

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('an id, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');

  beforeAll(async () => {
    desk = await openCrudDesk(
      [SpecimensController, SeatsController, AllSeatsController, PhrasesController, HandbooksController],
      { adapter, database, entities: [Phrase, Handbook], imports: [MuckModule.forFeature([Seat, Handbook])] },
    );
  });
  afterAll(() => desk?.close());

  it('may be a UUID, in either case of its letters', async () => {
    const { body, headers } = await acme.post('/specimens', { code: 'a' });
    expect(headers['location']).toBe(`/specimens/${body.id}`);
    expect((await acme.get(`/specimens/${body.id.toUpperCase()}`)).body).toEqual(body);
    for (const wrong of [body.id.replaceAll('-', ''), `{${body.id}}`, `${body.id}0`, '1', '%00']) {
      expect((await acme.get(`/specimens/${wrong}`)).body).toEqual(NOT_FOUND);
    }
    expect((await globex.get(`/specimens/${body.id}`)).body).toEqual(NOT_FOUND);
  });

  it('leaves the tenant out that is part of a key: the same place is another row for each', async () => {
    for (const client of [acme, globex]) {
      const { status, headers } = await client.post('/seats', { place: 1 });
      expect([status, headers['location']]).toEqual([201, '/seats/1']);
    }
    expect((await acme.post('/seats', { place: 1 })).status).toBe(409);
    expect((await globex.get('/seats/1')).body).toEqual({ organizationId: 2, place: 1 });
    expect((await acme.delete('/seats/1')).status).toBe(204);
    expect((await acme.get('/seats/1')).body).toEqual(NOT_FOUND);
    expect((await globex.get('/seats/1')).status).toBe(200);
  });

  it('names the tenant where rows of all of them are served', async () => {
    const { status, headers } = await acme.post('/all-seats', { place: 7, organizationId: 2 });
    expect([status, headers['location']]).toEqual([201, '/all-seats/2,7']);
    expect((await acme.get('/all-seats/2,7')).body).toEqual({ organizationId: 2, place: 7 });
    for (const wrong of ['7', '1,7', '2,7,1', '2,07', '2,', ',7', '2;7', '7,2']) {
      expect((await acme.get(`/all-seats/${wrong}`)).body).toEqual(NOT_FOUND);
    }
    expect((await acme.get('/seats/7')).body).toEqual(NOT_FOUND);
  });

  it('that leaves the tenant out is refused where no scope gives it', async () => {
    const seats = desk.app.get<CrudService<Seat>>(getCrudToken(Seat), { strict: false });
    const handbooks = desk.app.get<CrudService<Handbook>>(getCrudToken(Handbook), { strict: false });
    await desk.tenancy.run({ organizationId: 1 }, () => seats.create({ place: 30 }));
    await desk.tenancy.run({ organizationId: 2 }, () => seats.create({ place: 30 }));
    await expect(desk.tenancy.unscoped('clean up', () => seats.remove(30))).rejects.toThrow(
      'An id of Seat has no organizationId, and there is no tenant scope to take it from',
    );
    await expect(desk.tenancy.unscoped('clean up', { entities: [Seat] }, () => seats.remove(30))).rejects.toThrow();
    await expect(
      desk.tenancy.run({ organizationId: 1 }, () =>
        desk.tenancy.unscoped('clean up', { entities: [Seat] }, () => seats.remove(30)),
      ),
    ).rejects.toThrow('there is no tenant scope to take it from');
    const { id } = await desk.tenancy.run({ organizationId: 1 }, () => handbooks.create({ slug: 'first' }));
    expect(await desk.tenancy.unscoped('a look', () => handbooks.findOne(id))).toMatchObject({ slug: 'first' });
    expect((await globex.get('/seats/30')).status).toBe(200);
  });

  it('of several parts holds any text, each row in one spelling', async () => {
    for (const [name, language, segment] of [
      ['hello', 'en', 'hello,en'],
      ['a,b', 'en', 'a~1b,en'],
      ['a~1b', 'en', 'a~01b,en'],
      ['50% of/it?', 'de', '50%25%20of%2Fit%3F,de'],
      ['größe', 'de', 'gr%C3%B6%C3%9Fe,de'],
    ]) {
      const { status, headers, body } = await acme.post('/phrases', { name, language, text: `${name} x` });
      expect([status, headers['location']]).toEqual([201, `/phrases/${segment}`]);
      expect((await acme.get(headers['location'])).body).toEqual(body);
      expect((await globex.get(headers['location'])).body).toEqual(NOT_FOUND);
      const put = await acme.put(headers['location'], { name: 'moved', language: 'xx', text: 'put' });
      expect([put.status, put.body]).toEqual([200, { ...body, text: 'put' }]);
      expect((await acme.patch(headers['location'], { text: 'patched' })).body.text).toBe('patched');
    }
    for (const wrong of ['hello', 'hello,en,', 'hello,~en', 'hello,~2', 'a,b,en', 'a%2Cb,en', 'a%7Eb,en', ',']) {
      expect((await acme.get(`/phrases/${wrong}`)).body).toEqual(NOT_FOUND);
    }
    expect((await acme.get('/phrases/a~1b%2Cen')).body.name).toBe('a,b');
    expect((await acme.delete('/phrases/a~1b,en')).status).toBe(204);
    expect((await acme.get('/phrases')).body.items.map(({ name }: Phrase) => name).sort()).toEqual(
      ['50% of/it?', 'a~1b', 'größe', 'hello'].sort(),
    );
  });

  it('of several parts sorts by all of them, so that pages neither repeat nor lose a row', async () => {
    for (const [name, language] of [
      ['tie', 'b'],
      ['tie', 'a'],
      ['tie', 'c'],
    ]) {
      await globex.post('/phrases', { name, language, text: 'same' });
    }
    const languages: string[] = [];
    for (const offset of [0, 1, 2]) {
      const { body } = await globex.get(`/phrases?sort=text&limit=1&offset=${offset}`);
      languages.push(...body.items.map(({ language }: Phrase) => language));
    }
    expect(languages).toEqual(['a', 'b', 'c']);
  });

  it('may be a column that is unique within the tenant, and may change', async () => {
    for (const client of [acme, globex]) {
      const { status, headers } = await client.post('/handbooks', { slug: 'returns', text: 'ours' });
      expect([status, headers['location']]).toEqual([201, '/handbooks/returns']);
    }
    const conflict = await acme.post('/handbooks', { slug: 'returns' });
    expect([conflict.status, conflict.body.message]).toEqual([409, ['slug must be unique']]);
    const { body } = await acme.patch('/handbooks/returns', { slug: 'how to/return', text: 'new' });
    expect(body).toMatchObject({ slug: 'how to/return', text: 'new' });
    expect((await acme.get('/handbooks/how%20to%2Freturn')).body).toEqual(body);
    expect((await acme.get('/handbooks/returns')).body).toEqual(NOT_FOUND);
    expect((await acme.get(`/handbooks/${body.id}`)).body).toEqual(NOT_FOUND);
    expect((await globex.get('/handbooks/returns')).body.text).toBe('ours');
    expect((await globex.delete('/handbooks/returns')).status).toBe(204);
    expect((await acme.get('/handbooks/how%20to%2Freturn')).status).toBe(200);
  });
});

describe('an application refuses to start', () => {
  /** The text that it gives. */
  const refusal = async (controller: Type, ...entities: Type[]): Promise<string> => {
    const desk = await openCrudDesk([controller], { entities }).catch((error: unknown) => error as Error);
    if (desk instanceof Error) return desk.message;
    await desk.close();
    return 'started';
  };

  it('on an id that several rows of a tenant may have alike, or that a row may be without', async () => {
    @Entity()
    @TenantScoped()
    class Page {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column({ nullable: true }) slug!: string;
    }
    @Controller('pages')
    @TenantScoped()
    @Crud(Page, { id: 'slug' })
    class PagesController extends CrudController<Page> {}
    const message = await refusal(PagesController, Page);
    expect(message).toContain(
      "PagesController: id names 'slug', which is not unique. Put @Unique(['organizationId', 'slug']) on Page",
    );
    expect(message).toContain("id names 'slug', which is nullable or not selected: make it not null and selected");
  });

  it('on an id that is unique for some rows only, and on one for all tenants that is unique within one', async () => {
    @Entity()
    @TenantScoped()
    @Index(['organizationId', 'slug'], { unique: true, where: "slug <> 'x'" })
    class Leaf {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() slug!: string;
    }
    @Controller('leaves')
    @TenantScoped()
    @Crud(Leaf, { id: 'slug' })
    class LeavesController extends CrudController<Leaf> {}
    @Controller('all-handbooks')
    @CrossTenant('staff of the platform')
    @Crud(Handbook, { id: 'slug' })
    class AllHandbooksController extends CrudController<Handbook> {}
    expect(await refusal(LeavesController, Leaf)).toContain("id names 'slug', which is not unique");
    expect(await refusal(AllHandbooksController, Handbook)).toContain(
      "AllHandbooksController: id names 'slug', which is not unique. Put @Unique(['slug']) on Handbook",
    );
    expect(await refusal(HandbooksController, Handbook)).toBe('started');
  });

  it('on a key that cannot stand in a path', async () => {
    @Entity()
    @TenantScoped()
    class Reading {
      @PrimaryColumn({ type: Date }) at!: Date;
      @Column() organizationId!: number;
    }
    @Controller('readings')
    @TenantScoped()
    @Crud(Reading)
    class ReadingsController extends CrudController<Reading> {}
    @Controller('articles')
    @TenantScoped()
    @Crud(Article, { id: 'nope' as 'slug' })
    class ArticlesController extends CrudController<Article> {}
    expect(await refusal(ReadingsController, Reading)).toContain(
      'ReadingsController: Reading.at cannot be used in a path. An id is a string, a number, a UUID or a date',
    );
    expect(await refusal(ArticlesController)).toContain("id names 'nope', which is not a column of Article");
  });
});
