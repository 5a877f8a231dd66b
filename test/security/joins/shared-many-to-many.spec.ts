import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, DataSource, Entity, JoinTable, ManyToMany, PrimaryColumn, RelationId } from 'typeorm';
import type { EntityTarget, ObjectLiteral, Relation } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

/*
 * Many-to-many relations in all four combinations of scoped and shared entities, from both sides. Rows 1 to 9 belong to Acme, 91 to 99 to
 * Globex. Each shared row is linked to rows of both.
 */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
class Post {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @ManyToMany(() => Label, (label) => label.posts) @JoinTable() labels!: Relation<Label[]>;
  @ManyToMany(() => Topic, (topic) => topic.posts) @JoinTable() topics!: Relation<Topic[]>;
  @RelationId((post: Post) => post.topics) topicIds!: number[];
}

@Entity()
@TenantScoped()
class Label {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @ManyToMany(() => Post, (post) => post.labels) posts!: Relation<Post[]>;
}

@Entity()
@TenantShared('topics of the platform')
class Topic {
  @PrimaryColumn() id!: number;
  @Column() title!: string;
  @ManyToMany(() => Post, (post) => post.topics) posts!: Relation<Post[]>;
  @ManyToMany(() => Reader, (reader) => reader.topics) @JoinTable() readers!: Relation<Reader[]>;
  @ManyToMany(() => Topic, (topic) => topic.kinInverse) @JoinTable() kin!: Relation<Topic[]>;
  @ManyToMany(() => Topic, (topic) => topic.kin) kinInverse!: Relation<Topic[]>;
}

/** Scoped, and the other side holds the junction table. */
@Entity()
@TenantScoped()
class Reader {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @ManyToMany(() => Topic, (topic) => topic.readers) topics!: Relation<Topic[]>;
}

describe.each(databasesToTest())('G-01 many-to-many relations between scoped and shared entities on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Post, Label, Topic, Reader],
      synchronize: true,
    }).initialize();
    await tenancy.unscoped('two organizations', async () => {
      const save = (entity: EntityTarget<ObjectLiteral>, rows: object[]): Promise<unknown> =>
        dataSource.getRepository(entity).save(rows);
      const two = (title: string): object[] => [
        { id: 1, organizationId: 1, title: `${title} of acme` },
        { id: 91, organizationId: 2, title: `${title} of globex` },
      ];
      await save(Label, two('label'));
      await save(Reader, two('reader'));
      await save(Topic, [
        { id: 1, title: 'news', readers: [{ id: 1 }, { id: 91 }], kin: [] },
        { id: 2, title: 'sports', readers: [{ id: 91 }], kin: [{ id: 1 }] },
      ]);
      const topics = [{ id: 1 }, { id: 2 }];
      await save(Post, [
        { id: 1, organizationId: 1, title: 'post of acme', labels: [{ id: 1 }], topics: [{ id: 1 }] },
        { id: 2, organizationId: 1, title: 'another of acme', labels: [], topics: [] },
        { id: 91, organizationId: 2, title: 'post of globex', labels: [{ id: 91 }], topics },
      ]);
    });
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const acme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
  const relations: [string, EntityTarget<ObjectLiteral>, string, Record<number, string[]>][] = [
    ['scoped to scoped', Post, 'labels', { 1: ['label of acme'], 2: [] }],
    ['scoped to scoped, from the other side', Label, 'posts', { 1: ['post of acme'] }],
    ['scoped to shared', Post, 'topics', { 1: ['news'], 2: [] }],
    ['scoped to shared, from the other side', Topic, 'posts', { 1: ['post of acme'], 2: [] }],
    ['shared to scoped', Topic, 'readers', { 1: ['reader of acme'], 2: [] }],
    ['shared to scoped, from the other side', Reader, 'topics', { 1: ['news'] }],
    ['shared to shared', Topic, 'kin', { 1: [], 2: ['news'] }],
    ['shared to shared, from the other side', Topic, 'kinInverse', { 1: ['sports'], 2: [] }],
  ];
  const linked = (rows: ObjectLiteral[], relation: string): Record<number, string[]> =>
    Object.fromEntries(
      rows.map((row) => [
        row['id'],
        ((row[relation] as { title: string }[] | undefined) ?? []).map(({ title }) => title).sort(),
      ]),
    );

  describe.each(relations)('%s', (_what, entity, relation, expected) => {
    const repository = (): ReturnType<DataSource['getRepository']> => dataSource.getRepository(entity);
    const withLinks = Object.entries(expected).filter(([, titles]) => titles.length > 0);

    it.each(['join', 'query'] as const)('find with relations loads own links alone, by %s', async (strategy) => {
      const rows = await acme(() =>
        repository().find({ relations: { [relation]: true }, relationLoadStrategy: strategy, order: { id: 'ASC' } }),
      );
      expect(linked(rows, relation)).toEqual(expected);
    });

    it('joins of a builder load own links alone', async () => {
      const builder = (): ReturnType<ReturnType<typeof repository>['createQueryBuilder']> =>
        repository().createQueryBuilder('row');
      const left = await acme(() => builder().leftJoinAndSelect(`row.${relation}`, 'linked').getMany());
      expect(linked(left, relation)).toEqual(expected);
      const inner = await acme(() => builder().innerJoinAndSelect(`row.${relation}`, 'linked').getMany());
      expect(linked(inner, relation)).toEqual(Object.fromEntries(withLinks));
      const met = await acme(() =>
        builder().leftJoin(`row.${relation}`, 'linked', 'linked.id > :id OR linked.id > 0', { id: 0 }).getMany(),
      );
      expect(met).toHaveLength(Object.keys(expected).length);
      const paged = await acme(() =>
        builder().leftJoinAndSelect(`row.${relation}`, 'linked').orderBy('row.id').take(10).getManyAndCount(),
      );
      expect([linked(paged[0], relation), paged[1]]).toEqual([expected, Object.keys(expected).length]);
      const raw = await acme(() =>
        builder().select('row.id', 'id').leftJoin(`row.${relation}`, 'linked').getRawMany<{ id: number }>(),
      );
      expect(raw).toHaveLength(Object.keys(expected).length);
    });

    it('a condition over the relation meets own links alone', async () => {
      for (const title of ['of acme', 'of globex', 'news', 'sports']) {
        const found = await acme(() =>
          repository()
            .createQueryBuilder('row')
            .innerJoin(`row.${relation}`, 'linked')
            .where('linked.title LIKE :title', { title: `%${title}` })
            .getMany(),
        );
        const ids = Object.entries(expected).flatMap(([id, titles]) =>
          titles.some((linkedTitle) => linkedTitle.endsWith(title)) ? [Number(id)] : [],
        );
        expect(found.map((row) => Number(row['id'])).sort()).toEqual(ids);
      }
      const titles = withLinks.flatMap(([, list]) => list);
      const where = await acme(() => repository().find({ where: { [relation]: { title: titles[0] } } }));
      expect(where.map((row) => Number(row['id']))).toEqual(withLinks.map(([id]) => Number(id)));
      const counted = await acme(() => repository().countBy({ [relation]: { id: 91 } }));
      expect(counted).toBe(0);
    });

    it('links are loaded, added and removed one by one', async () => {
      const [id, titles] = withLinks[0];
      const links = (): Promise<ObjectLiteral[]> =>
        acme(() => dataSource.createQueryBuilder().relation(entity, relation).of(Number(id)).loadMany());
      const before = (await links()) as { id: number; title: string }[];
      expect(before.map(({ title }) => title)).toEqual(titles);
      await acme(() => dataSource.createQueryBuilder().relation(entity, relation).of(Number(id)).remove(before[0].id));
      expect(await links()).toEqual([]);
      await acme(() => dataSource.createQueryBuilder().relation(entity, relation).of(Number(id)).add(before[0].id));
      expect(await links()).toEqual(before);
    });
  });

  it('@RelationId tells own links alone', async () => {
    const posts = await acme(() => dataSource.getRepository(Post).find({ order: { id: 'ASC' } }));
    expect(posts.map(({ topicIds }) => topicIds)).toEqual([[1], []]);
    const loaded = await acme(() =>
      dataSource.getRepository(Post).find({ loadRelationIds: true, order: { id: 'ASC' } }),
    );
    expect(loaded.map(({ topics }) => topics)).toEqual([[1], []]);
  });

  it('relations over relations show own links alone', async () => {
    const topics = await acme(() =>
      dataSource
        .getRepository(Topic)
        .find({ relations: { posts: { topics: { readers: true } } }, order: { id: 'ASC' } }),
    );
    expect(JSON.stringify(topics)).not.toContain('globex');
    expect(topics[0].posts[0].topics[0].readers).toMatchObject([{ title: 'reader of acme' }]);
  });

  it('a list of links is saved, and those of other tenants stay', async () => {
    await acme(async () => {
      const repository = dataSource.getRepository(Topic);
      const topic = await repository.findOneOrFail({ where: { id: 1 }, relations: { readers: true, posts: true } });
      topic.readers = [];
      topic.posts = [{ id: 1 } as Post, { id: 2 } as Post];
      await repository.save(topic);
      await repository.save({ id: 1, readers: [{ id: 1 }], posts: [{ id: 1 }] });
    });
    const all = await tenancy.unscoped('looks at both', () =>
      dataSource.getRepository(Topic).findOneOrFail({ where: { id: 1 }, relations: { readers: true, posts: true } }),
    );
    expect(all.readers.map(({ id }) => id).sort()).toEqual([1, 91]);
    expect(all.posts.map(({ id }) => id).sort()).toEqual([1, 91]);
  });
});
