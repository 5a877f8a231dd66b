import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Exclude, Expose, Type as Typed } from 'class-transformer';
import { Crud, CrudController, MuckModule, Tenancy, TenantScoped, tenantFromUser } from 'nestjs-muck';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { InvalidRequestException } from '../../../../lib/crud/errors/invalid-request.exception.js';
import { parseProjection } from '../../../../lib/crud/query/projection-parser.js';
import { createApplication } from '../../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../../support/databases.js';
import { TestGuard } from '../../../support/crud-desk.js';

@Entity()
@TenantScoped()
class Writer {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ type: 'bigint', default: '4503599627370497' }) badge!: string;
  @Column({ default: 'hidden column', select: false }) secret!: string;
  @Exclude() @Column({ default: 'hidden property' }) phone!: string;
  @OneToMany(() => Letter, (letter) => letter.author) letters!: Relation<Letter>[];
}

@Entity()
@TenantScoped()
class Letter {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() subject!: string;
  @Column({ type: Number, nullable: true }) authorId!: number | null;
  @ManyToOne(() => Writer, (writer) => writer.letters) author!: Relation<Writer> | null;
  @OneToMany(() => Remark, (remark) => remark.letter) remarks!: Relation<Remark>[];
  @ManyToMany(() => Topic) @JoinTable() topics!: Relation<Topic>[];
  @ManyToMany(() => Pair) @JoinTable() pairs!: Relation<Pair>[];
}

@Entity()
@TenantScoped()
class Remark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column() letterId!: number;
  @ManyToOne(() => Letter, (letter) => letter.remarks) letter!: Relation<Letter>;
  @ManyToOne(() => Writer) author!: Relation<Writer> | null;
  @DeleteDateColumn() deletedAt!: Date | null;
}

@Entity()
@TenantScoped()
class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
class Pair {
  @PrimaryColumn() left!: number;
  @PrimaryColumn() right!: number;
  @Column() organizationId!: number;
  @OneToMany(() => Half, (half) => half.pair) halves!: Relation<Half>[];
}

@Entity()
@TenantScoped()
class Half {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Pair, (pair) => pair.halves) pair!: Relation<Pair>;
}

const INCLUDE = ['author.letters', 'remarks.author', 'topics', 'pairs.halves'] as const;

@Controller('letters')
@TenantScoped()
@Crud(Letter, { include: INCLUDE, limit: { max: 1000 } })
class LettersController extends CrudController<Letter> {}

class WriterDto {
  @Expose() name!: string;
}
class LetterDto {
  @Expose() id!: number;
  @Expose({ name: 'title' }) subject!: string;
  @Expose() @Typed(() => WriterDto) author!: WriterDto | null;
}

@Controller('dtos')
@TenantScoped()
@Crud(Letter, { dto: { response: LetterDto }, include: ['author'] })
class DtosController extends CrudController<Letter> {}

@Controller('overridden')
@TenantScoped()
@Crud(Letter, { include: INCLUDE })
class OverridingController extends CrudController<Letter> {
  override async findOne(id: number): Promise<Letter> {
    const letter = await super.findOne(id);
    letter.subject += '!';
    return letter;
  }
}

interface Row {
  readonly [key: string]: unknown;
}

interface Answer {
  readonly status: number;
  readonly items: Row[];
  readonly body: Row;
  readonly statements: number;
}

class Office {
  private constructor(
    readonly app: INestApplication<App>,
    private readonly database: TestDatabase,
  ) {}

  static async open(kind: DatabaseKind, controllers: Type[]): Promise<Office> {
    const database = await createDatabase(kind);
    const module = {
      module: class OfficeModule {},
      imports: [
        TypeOrmModule.forRoot({
          ...database.options,
          entities: [Writer, Letter, Remark, Topic, Pair, Half],
          synchronize: true,
          retryAttempts: 0,
        }),
        MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
      ],
      controllers,
    };
    const app = await createApplication(module, { configure: (it) => it.useGlobalGuards(new TestGuard()) }).catch(
      async (error: unknown) => {
        await database.drop();
        throw error;
      },
    );
    return new Office(app, database);
  }

  get dataSource(): DataSource {
    return this.app.get(DataSource);
  }

  async get(path: string, organization = 1): Promise<Answer> {
    const { logger } = this.dataSource;
    let statements = 0;
    const counting = Object.assign(Object.create(logger) as typeof logger, { logQuery: () => void (statements += 1) });
    Object.assign(this.dataSource, { logger: counting });
    const response = await request(this.app.getHttpServer()).get(path).set('x-user', String(organization));
    Object.assign(this.dataSource, { logger });
    const body = response.body as Row;
    return { status: response.status, body, items: (body['items'] ?? []) as Row[], statements };
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }
}

describe.each(databasesToTest())('included relations on %s', (kind) => {
  let office: Office;

  beforeAll(async () => {
    office = await Office.open(kind, [LettersController, DtosController, OverridingController]);
    const { dataSource } = office;
    const tenancy = office.app.get(Tenancy);
    for (const [organizationId, who] of [
      [1, 'ours'],
      [2, 'theirs'],
    ] as const) {
      await tenancy.run({ organizationId }, async () => {
        const writers = await dataSource.getRepository(Writer).save([{ name: `${who} ann` }, { name: `${who} bob` }]);
        const topics = await dataSource.getRepository(Topic).save([{ name: `${who} a` }, { name: `${who} b` }]);
        const pairs = await dataSource.getRepository(Pair).save([
          { left: organizationId * 10, right: 1 },
          { left: organizationId * 10, right: 2 },
        ]);
        await dataSource.getRepository(Half).save(pairs.map((pair) => ({ pair })));
        for (let n = 1; n <= 5; n += 1) {
          const letter = await dataSource.getRepository(Letter).save({
            subject: `${who} ${n}`,
            author: n === 3 ? null : writers[n % 2],
            topics: n === 1 ? topics : [],
            pairs: n === 1 ? pairs : [],
          });
          for (let m = 1; m <= 3; m += 1) {
            await dataSource
              .getRepository(Remark)
              .save({ text: `${who} ${n}.${m}`, letterId: letter.id, author: writers[0] });
          }
        }
        const [first] = await dataSource.getRepository(Remark).find({ order: { id: 'ASC' } });
        await dataSource.getRepository(Remark).softRemove(first);
      });
    }
    // Old bad data: keys that lead to another tenant's rows.
    await tenancy.unscoped('plants what must not show', async () => {
      const q = (name: string): string => dataSource.driver.escape(name);
      const at = await dataSource.query<{ id: number }[]>(
        `SELECT id FROM ${q('writer')} WHERE ${q('organizationId')} = 2 ORDER BY id`,
      );
      const letters = await dataSource.query<{ id: number }[]>(
        `SELECT id FROM ${q('letter')} WHERE ${q('organizationId')} = 1 ORDER BY id`,
      );
      const topics = await dataSource.query<{ id: number }[]>(
        `SELECT id FROM ${q('topic')} WHERE ${q('organizationId')} = 2 ORDER BY id`,
      );
      await dataSource.query(`UPDATE ${q('letter')} SET ${q('authorId')} = ${at[0].id} WHERE id = ${letters[4].id}`);
      await dataSource.query(
        `INSERT INTO ${q('letter_topics_topic')} (${q('letterId')}, ${q('topicId')}) VALUES (${letters[0].id}, ${topics[0].id})`,
      );
      const remarks = await dataSource.query<{ id: number }[]>(
        `SELECT id FROM ${q('remark')} WHERE ${q('organizationId')} = 2 ORDER BY id`,
      );
      await dataSource.query(
        `UPDATE ${q('remark')} SET ${q('letterId')} = ${letters[1].id} WHERE id = ${remarks.at(-1)!.id}`,
      );
    });
  });
  afterAll(() => office.close());

  it('come with the rows, in one statement more for each relation to many, and the page keeps its length', async () => {
    const { items, status, statements, body } = await office.get(
      '/letters?include=author,remarks.author,topics&limit=3&sort=id',
    );
    expect(status).toBe(200);
    expect(items).toHaveLength(3);
    expect(body['total']).toBe(5);
    expect(items[0]['author']).toMatchObject({ name: 'ours bob' });
    expect(items[2]['author']).toBeNull();
    expect(items[0]['remarks']).toMatchObject([
      { text: 'ours 1.2', author: { name: 'ours ann' } },
      { text: 'ours 1.3', author: { name: 'ours ann' } },
    ]);
    expect(items[1]['topics']).toEqual([]);
    expect(statements).toBe(1 + 2);
  });

  it('show no row of another tenant on any level, and the own row stays', async () => {
    const { items } = await office.get('/letters?include=author.letters,remarks.author,topics,pairs.halves&sort=id');
    expect(JSON.stringify(items)).not.toContain('theirs');
    expect(items).toHaveLength(5);
    expect(items[4]).toMatchObject({ author: null });
    expect(items[4]['authorId']).not.toBeNull();
    expect(items[0]['topics']).toMatchObject([{ name: 'ours a' }, { name: 'ours b' }]);
    expect((items[1]['remarks'] as Row[]).map(({ text }) => text)).toEqual(['ours 2.1', 'ours 2.2', 'ours 2.3']);
    const theirs = await office.get('/letters?include=author.letters,remarks.author,topics,pairs.halves&sort=id', 2);
    expect(JSON.stringify(theirs.items)).not.toContain('ours');
  });

  it('lead over rows with keys of two columns', async () => {
    const { items } = await office.get('/letters?include=pairs.halves&limit=1&sort=id');
    expect(items[0]['pairs']).toMatchObject([
      { left: 10, right: 1, halves: [{ organizationId: 1 }] },
      { left: 10, right: 2, halves: [{ organizationId: 1 }] },
    ]);
  });

  it('show what the related entity shows, and nothing hidden of it', async () => {
    const { items } = await office.get('/letters?include=author&limit=1&sort=id');
    const { author } = items[0];
    expect(author).toEqual({ id: expect.any(Number), organizationId: 1, name: 'ours bob', badge: '4503599627370497' });
  });

  it('come with a single row, an overridden one too', async () => {
    const { items } = await office.get('/letters?limit=1&sort=id');
    const one = await office.get(`/letters/${String(items[0]['id'])}?include=remarks,author`);
    expect(one.body).toMatchObject({ author: { name: 'ours bob' }, remarks: [{ text: 'ours 1.2' }, {}] });
    expect(one.statements).toBe(2);
    const overridden = await office.get(`/overridden/${String(items[0]['id'])}?include=author&fields=subject`);
    expect(overridden.body).toEqual({ subject: 'ours 1!', author: expect.objectContaining({ name: 'ours bob' }) });
  });

  it('are those of a response DTO, where there is one', async () => {
    const { items } = await office.get('/dtos?include=author&limit=1&sort=id');
    expect(items).toEqual([{ id: expect.any(Number), title: 'ours 1', author: { name: 'ours bob' } }]);
    const named = await office.get('/dtos?include=author&fields=title&limit=1&sort=id');
    expect(named.items).toEqual([{ title: 'ours 1', author: { name: 'ours bob' } }]);
  });

  it.each([
    [
      'include=remarks.letter',
      "include must name one of author, author.letters, remarks, remarks.author, topics, pairs, pairs.halves, not 'remarks.letter'",
    ],
    ['include=organization', 'include must name'],
    ['include=author&include=topics', "'include' must be given once, as text"],
    ['include=,', 'include must name'],
    ['include=__proto__', 'include must name'],
    ['fields=secret', 'fields must name one of id, organizationId, subject, authorId'],
    ['fields=author', 'fields must name'],
    ['fields=subject&fields=id', "'fields' must be given once, as text"],
    ['fields=constructor', 'fields must name'],
  ])('that are not declared are a 400 that lists the declared ones: %s', async (query, message) => {
    const [list, one] = [await office.get(`/letters?${query}`), await office.get(`/letters/1?${query}`)];
    for (const { status, body } of [list, one]) {
      expect(status).toBe(400);
      expect((body['message'] as string[])[0]).toContain(message);
    }
  });

  it('with fields named, rows have those and what is included', async () => {
    const { items, statements } = await office.get('/letters?fields=subject,id&include=topics&limit=1&sort=-subject');
    expect(items).toEqual([{ id: expect.any(Number), subject: 'ours 5', topics: [] }]);
    expect(statements).toBe(2);
    const one = await office.get(`/letters/${String(items[0]['id'])}?fields=subject`);
    expect(one.body).toEqual({ subject: 'ours 5' });
  });
});

describe('what one request may include', () => {
  it('is bounded, whatever the resource allows', () => {
    const paths = Array.from({ length: 11 }, (_, i) => `relation${i}`);
    const rules = {
      include: new Set(paths),
      fields: new Map(),
      keys: new Map(),
      canSelectSubset: false,
      json: undefined,
    };
    expect(parseProjection({ include: paths.slice(1).join() }, rules).include).toHaveLength(10);
    expect(() => parseProjection({ include: paths.join() }, rules)).toThrow(InvalidRequestException);
  });
});

describe('includes and fields that do not fit the entity stop the start', () => {
  const boot = async (options: object): Promise<string> => {
    @Controller('wrong')
    @TenantScoped()
    @Crud(Letter, options)
    class WrongController extends CrudController<Letter> {}
    const office = await Office.open(databasesToTest()[0], [WrongController]).catch((error: Error) => error.message);
    if (typeof office === 'string') return office;
    await office.close();
    return 'it starts';
  };

  it.each([
    [{ include: ['autor'] }, "include names 'autor', but Letter has no relation 'autor'"],
    [{ include: ['author.letters.author.letters'] }, 'which is a path of more than 3 relations'],
    [{ include: ['topics'], dto: { response: LetterDto } }, "LetterDto does not expose 'topics'"],
    [{ fields: ['secret'] }, "fields names 'secret'"],
  ])('%o', async (options, message) => {
    expect(await boot(options)).toContain(message);
  });
});
