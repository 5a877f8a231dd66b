import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import {
  BeforeInsert,
  Column,
  CreateDateColumn,
  DataSource,
  Entity,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  VersionColumn,
} from 'typeorm';
import type { DataSourceOptions, EntityTarget, ObjectLiteral, Relation, Repository } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind, TestDatabase } from '../../support/databases.js';
import { tenancy } from '../../support/world.js';

/** The listeners' view of the tenant. */
const heard: unknown[] = [];

@Entity()
@TenantScoped()
class Document {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() id!: number;
  @Column({ default: 'untitled' }) title!: string;
  @CreateDateColumn() createdAt!: Date;
  @VersionColumn() version!: number;
  @BeforeInsert() hear(): void {
    heard.push(this.organizationId);
  }
}
@Entity()
@TenantScoped()
class Draft {
  @PrimaryColumn() organizationId!: number;
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ default: 'untitled' }) title!: string;
}
@Entity()
@TenantScoped()
class Counted {
  @PrimaryGeneratedColumn() id!: number;
  @PrimaryColumn() organizationId!: number;
  @Column({ default: 'untitled' }) title!: string;
}
class DocumentKey {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() number!: number;
}
@Entity()
@TenantScoped({ columns: { organizationId: 'key.organizationId' } })
class Filed {
  @Column(() => DocumentKey) key!: DocumentKey;
  @Column({ default: 'untitled' }) title!: string;
}
@Entity()
@TenantScoped({ columns: { organizationId: 'id' } })
class Organization {
  @PrimaryColumn() id!: number;
  @Column({ default: 'untitled' }) title!: string;
}

/** TypeORM knows the parent of a node by the first column of the key. */
@Entity()
@Tree('materialized-path')
@TenantScoped()
class Folder {
  @PrimaryColumn() id!: number;
  @PrimaryColumn() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @TreeParent()
  @JoinColumn([
    { name: 'parentId', referencedColumnName: 'id' },
    { name: 'organizationId', referencedColumnName: 'organizationId' },
  ])
  parent!: Relation<Folder> | null;
  @TreeChildren() children!: Relation<Folder[]>;
}
@Entity()
@Tree('materialized-path')
@TenantScoped()
class UuidFolder {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @PrimaryColumn() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @TreeParent() parent!: Relation<UuidFolder> | null;
  @TreeChildren() children!: Relation<UuidFolder[]>;
}
@Entity()
@Tree('materialized-path')
@TenantScoped()
class PlainFolder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @TreeParent() parent!: Relation<PlainFolder> | null;
  @TreeChildren({ cascade: true }) children!: Relation<PlainFolder[]>;
}
/** A closure table has no keys of several columns in TypeORM. */
@Entity()
@Tree('closure-table')
@TenantScoped()
class Branch {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @TreeParent() parent!: Relation<Branch> | null;
  @TreeChildren() children!: Relation<Branch[]>;
}
@Entity()
@Tree('closure-table')
@TenantScoped()
class UuidBranch {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column({ default: '' }) title!: string;
  @TreeParent() parent!: Relation<UuidBranch> | null;
  @TreeChildren() children!: Relation<UuidBranch[]>;
}

/** SQLite counts no part of a key of several columns. */
const entitiesOn = (kind: DatabaseKind): readonly EntityTarget<ObjectLiteral>[] => {
  const entities = [Document, Draft, Filed, Organization, Folder, UuidFolder, PlainFolder, Branch, UuidBranch];
  return kind === 'sqljs' ? entities : [...entities, Counted];
};

describe.each(databasesToTest())('identifiers that hold the tenant on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: entitiesOn(kind),
      synchronize: true,
    } as DataSourceOptions).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(() => dataSource.synchronize(true));

  const repo = <T extends ObjectLiteral>(entity: EntityTarget<T>): Repository<T> => dataSource.getRepository(entity);
  const acme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
  const key = (id: unknown): ObjectLiteral => ({ organizationId: 1, id });

  describe('insert', () => {
    it('tells the whole keys, and sets the tenant in the rows', async () => {
      heard.length = 0;
      const rows = [repo(Document).create({ id: 1 }), repo(Document).create({ id: 2, title: 'two' })];
      const { identifiers, generatedMaps } = await acme(() => repo(Document).insert(rows));
      expect(identifiers).toEqual([key(1), key(2)]);
      expect(generatedMaps).toMatchObject([
        { organizationId: 1, version: 1 },
        { organizationId: 1, version: 1 },
      ]);
      expect(rows).toMatchObject([
        { organizationId: 1, id: 1, version: 1, createdAt: expect.any(Date) },
        { organizationId: 1, id: 2, version: 1, createdAt: expect.any(Date) },
      ]);
      expect(heard).toEqual([1, 1]);
    });

    it('answers as it does for a tenant that is given', async () => {
      const given = await acme(() => repo(Document).insert({ organizationId: 1, id: 1 }));
      const left = await acme(() => repo(Document).insert({ id: 2 }));
      expect(left.identifiers).toEqual([{ ...given.identifiers[0], id: 2 }]);
      expect(Object.keys(left.generatedMaps[0]).sort()).toEqual(Object.keys(given.generatedMaps[0]).sort());
    });

    it('tells a key that the database or TypeORM makes', async () => {
      const draft = repo(Draft).create({ title: 'a' });
      const { identifiers } = await acme(() => repo(Draft).insert(draft));
      expect(identifiers).toEqual([key(draft.id)]);
      expect(draft).toEqual({
        organizationId: 1,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        title: expect.anything(),
      });
      if (kind === 'sqljs') return;
      const counted = [repo(Counted).create({ title: 'a' }), repo(Counted).create({ title: 'b' })];
      const answer = await acme(() => repo(Counted).insert(counted));
      expect(answer.identifiers).toEqual([key(1), key(2)]);
      expect(counted).toMatchObject([key(1), key(2)]);
    });

    it('tells the key of an embedded object, and that of the table of tenants', async () => {
      const filed = await acme(() => repo(Filed).insert({ key: { number: 7 } }));
      expect(filed.identifiers).toEqual([{ key: { organizationId: 1, number: 7 } }]);
      const organization = await acme(() => repo(Organization).insert({ title: 'acme' }));
      expect(organization.identifiers).toEqual([{ id: 1 }]);
    });

    it('through a query builder tells and returns them', async () => {
      const builder = () => dataSource.createQueryBuilder().insert().into(Document);
      const plain = await acme(() => builder().values({ id: 1 }).execute());
      expect(plain.identifiers).toEqual([key(1)]);
      if (!dataSource.driver.isReturningSqlSupported('insert')) return;
      const returned = await acme(() =>
        builder()
          .values([{ id: 2 }, { id: 3 }])
          .returning(['organizationId', 'id', 'title'])
          .execute(),
      );
      expect(returned.identifiers).toEqual([key(2), key(3)]);
      expect(returned.raw).toMatchObject([
        { organizationId: 1, id: 2, title: 'untitled' },
        { organizationId: 1, id: 3 },
      ]);
    });

    it('that fails leaves the rows as they were, for another tenant', async () => {
      await acme(() => repo(Document).insert({ id: 1 }));
      const row = repo(Document).create({ id: 1 });
      await expect(acme(() => repo(Document).insert(row))).rejects.toThrow('There is another Document');
      expect(row.organizationId).toBeUndefined();
      await tenancy.run({ organizationId: 2 }, () => repo(Document).insert(row));
      expect(row.organizationId).toBe(2);
    });
  });

  it('upsert tells the whole keys', async () => {
    await acme(() => repo(Document).insert({ id: 1 }));
    const conflict = ['organizationId', 'id'];
    const { identifiers } = await acme(() =>
      repo(Document).upsert(
        [
          { id: 1, title: 'new' },
          { id: 2, title: 'two' },
        ],
        conflict,
      ),
    );
    expect(identifiers.length === 0 ? [key(1), key(2)] : identifiers).toEqual([key(1), key(2)]);
    expect(await acme(() => repo(Document).find({ order: { id: 'ASC' } }))).toMatchObject([
      { organizationId: 1, id: 1, title: 'new' },
      { organizationId: 1, id: 2, title: 'two' },
    ]);
  });

  it('save inserts, updates, removes and recovers by keys without the tenant', async () => {
    await acme(async () => {
      const documents = repo(Document);
      expect(await documents.save({ id: 1, title: 'one' })).toMatchObject({
        organizationId: 1,
        id: 1,
        title: 'one',
        version: 1,
      });
      expect(await documents.save({ id: 1, title: 'uno' })).toMatchObject({
        organizationId: 1,
        id: 1,
        title: 'uno',
        version: 2,
      });
      expect(await documents.find()).toMatchObject([{ organizationId: 1, id: 1, title: 'uno' }]);
      const [first, second] = await repo(Draft).save([{ title: 'a' }, { title: 'b' }]);
      expect([first, second]).toMatchObject([key(first.id), key(second.id)]);
      await repo(Draft).save({ id: first.id, title: 'c' });
      expect(await repo(Draft).countBy({ title: 'c' })).toBe(1);
      await documents.remove(documents.create({ id: 1 }));
      expect(await documents.count()).toBe(0);
      // The key of a table of tenants is the tenant: a new row must not become an update of the tenant's own.
      await repo(Organization).insert({ title: 'acme' });
      await expect(repo(Organization).save({ title: 'another' })).rejects.toThrow();
      expect(await repo(Organization).find()).toMatchObject([{ id: 1, title: 'acme' }]);
    });
    const document = repo(Document).create({ id: 9 });
    await expect(acme(() => repo(Document).save([document, { organizationId: 2, id: 9 }]))).rejects.toThrow();
    expect(document.organizationId).toBeUndefined();
  });

  describe.each<[string, EntityTarget<ObjectLiteral>, boolean]>([
    ['materialized path', Folder, true],
    ['materialized path by UUIDs', UuidFolder, false],
    ['materialized path by auto-increment keys', PlainFolder, false],
    ['closure table', Branch, false],
    ['closure table by UUIDs', UuidBranch, false],
  ])('a tree, %s,', (_what, entity, takesIds) => {
    const named = (id: number, title: string, parent?: ObjectLiteral): ObjectLiteral => ({
      ...(takesIds && { id }),
      title,
      ...(parent !== undefined && { parent }),
    });
    const trees = () => dataSource.getTreeRepository(entity);
    const titles = (nodes: readonly ObjectLiteral[]): unknown[] => nodes.map(({ title }) => title as unknown).sort();
    /** A root with a child and a grandchild. */
    const grow = async (owner: string): Promise<ObjectLiteral[]> => {
      const root = await trees().save(named(1, `root of ${owner}`));
      const child = await trees().save(named(2, `child of ${owner}`, root));
      const grandchild = await trees().save(named(3, `grandchild of ${owner}`, child));
      return [root, child, grandchild];
    };

    it('is grown, read and moved, each tenant its own', async () => {
      const [root, child, grandchild] = await acme(() => grow('acme'));
      await tenancy.run({ organizationId: 2 }, () => grow('globex'));
      await acme(async () => {
        expect(root).toMatchObject({ organizationId: 1, id: expect.anything() });
        expect(titles(await trees().findRoots())).toEqual(['root of acme']);
        expect(titles(await trees().findDescendants(root))).toEqual([
          'child of acme',
          'grandchild of acme',
          'root of acme',
        ]);
        expect(titles(await trees().findAncestors(grandchild))).toEqual([
          'child of acme',
          'grandchild of acme',
          'root of acme',
        ]);
        expect(await trees().countDescendants(child)).toBe(2);
        const [tree] = await trees().findTrees();
        expect(tree).toMatchObject({
          title: 'root of acme',
          children: [{ title: 'child of acme', children: [{ title: 'grandchild of acme' }] }],
        });

        const other = await trees().save(named(4, 'other root of acme'));
        child['parent'] = other;
        await trees().save(child);
        expect(titles(await trees().findDescendants(root))).toEqual(['root of acme']);
        expect(titles(await trees().findDescendants(other))).toEqual([
          'child of acme',
          'grandchild of acme',
          'other root of acme',
        ]);
      });
      await tenancy.run({ organizationId: 2 }, async () => {
        expect(await trees().countDescendants((await trees().findRoots())[0])).toBe(3);
      });
    });

    it('takes a parent without the tenant', async () => {
      await acme(async () => {
        const [root] = await grow('acme');
        const child = await trees().save(named(5, 'late', { id: root['id'] as unknown }));
        expect(titles(await trees().findAncestors(child))).toEqual(['late', 'root of acme']);
      });
    });

    it('takes no parent of another tenant', async () => {
      const [root] = await tenancy.run({ organizationId: 2 }, () => grow('globex'));
      await expect(acme(() => trees().save(named(7, 'taken', { ...root })))).rejects.toThrow();
      const copy: ObjectLiteral = { id: root['id'] as unknown };
      if (!takesIds) await expect(acme(() => trees().save(named(8, 'taken', copy)))).rejects.toThrow();
      expect(await tenancy.run({ organizationId: 2 }, () => trees().countDescendants(root))).toBe(3);
    });
  });
});
