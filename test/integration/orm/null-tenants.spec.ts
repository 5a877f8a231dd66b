import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, SharedRowError, table, Tenancy, TenantScoped, TenantScopeViolationError } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  In,
  IsNull,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
} from 'typeorm';
import type { EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { startAfresh } from '../../support/empty-tables.js';
import { statementsSentBy } from '../../support/sent.js';

/*
 * Rows without a tenant as defaults, in ordinary code: what a tenant reads, refers to and keeps for itself.
 */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
const unscoped = <R>(fn: () => R): R => tenancy.unscoped('sets up defaults', fn);

@Entity()
@TenantScoped({ nullMeans: 'shared' })
@Unique(['organizationId', 'code'])
class Status {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() code!: string;
  @Column({ type: Number, nullable: true }) followsId!: number | null;
  @ManyToOne(() => Status) follows!: Relation<Status> | null;
  @Column({ type: Number, nullable: true }) ownerId!: number | null;
  @ManyToOne(() => Member) owner!: Relation<Member> | null;
  @OneToMany(() => Rule, (rule) => rule.status, { cascade: true }) rules!: Relation<Rule[]>;
  @OneToMany(() => Task, (task) => task.status) tasks!: Relation<Task[]>;
}

@Entity()
@TenantScoped()
class Member {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped({ via: 'status' })
class Rule {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
  @Column() statusId!: number;
  @Column({ type: Number, nullable: true }) memberId!: number | null;
  @ManyToOne(() => Status, (status) => status.rules, { nullable: false, onDelete: 'CASCADE' })
  status!: Relation<Status>;
  @ManyToOne(() => Member) member!: Relation<Member> | null;
}

@Entity()
@TenantScoped()
class Task {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @Column({ type: Number, nullable: true }) statusId!: number | null;
  @ManyToOne(() => Status, (status) => status.tasks) status!: Relation<Status> | null;
  @ManyToMany(() => Status) @JoinTable({ name: 'task_seen' }) seen!: Relation<Status[]>;
}

@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
  @ManyToMany(() => Status) @JoinTable({ name: 'tag_status' }) statuses!: Relation<Status[]>;
}

@Entity()
@Tree('closure-table')
@TenantScoped({ nullMeans: 'shared' })
class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
  @TreeParent() parent!: Relation<Topic> | null;
  @TreeChildren() children!: Relation<Topic[]>;
}

@Entity()
@Tree('materialized-path')
@TenantScoped({ nullMeans: 'shared' })
class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column() name!: string;
  @TreeParent() parent!: Relation<Folder> | null;
  @TreeChildren() children!: Relation<Folder[]>;
}

const SHARED = 1;
const OWN = 2;
const GLOBEX = 3;

describe.each(databasesToTest())('rows without a tenant on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  const repo = <T extends ObjectLiteral>(entity: EntityTarget<T>): Repository<T> => dataSource.getRepository(entity);

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Status, Member, Rule, Task, Tag, Topic, Folder],
      synchronize: true,
    }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(() =>
    unscoped(async () => {
      await startAfresh(dataSource);
      await repo(Member).insert([
        { organizationId: 1, name: 'ann' },
        { organizationId: 2, name: 'bob' },
      ]);
      for (const [i, organizationId] of [null, 1, 2].entries()) {
        await repo(Status).insert({ organizationId, code: ['open', 'acme', 'globex'][i] });
        await repo(Rule).insert({ text: ['shared', 'acme', 'globex'][i], statusId: i + 1 });
        await repo(Tag).insert({ organizationId, name: ['shared', 'acme', 'globex'][i] });
      }
      await repo(Task).insert({ organizationId: 1, title: 'write', statusId: SHARED });
      await repo(Task).insert({ organizationId: 2, title: 'globex', statusId: SHARED });
    }),
  );

  it('find, count, exists and aggregates read own rows and rows without a tenant', async () => {
    await asAcme(async () => {
      expect((await repo(Status).find({ order: { id: 'ASC' } })).map(({ code }) => code)).toEqual(['open', 'acme']);
      expect(await repo(Status).count()).toBe(2);
      expect(await repo(Status).existsBy({ organizationId: IsNull() })).toBe(true);
      expect(await repo(Status).maximum('id')).toBe(OWN);
      expect(await repo(Status).findBy({ id: In([SHARED, OWN, GLOBEX]) })).toHaveLength(2);
    });
  });

  it('a relation, an inverse relation and a lookup through a join read rows without a tenant', async () => {
    await asAcme(async () => {
      const task = await repo(Task).findOneOrFail({
        where: { title: 'write' },
        relations: { status: { rules: true } },
      });
      expect(task.status).toMatchObject({ code: 'open', rules: [{ text: 'shared' }] });
      const status = await repo(Status).findOneOrFail({ where: { id: SHARED }, relations: { tasks: true } });
      expect(status.tasks.map(({ title }) => title)).toEqual(['write']);
      expect(await repo(Task).countBy({ status: { code: 'open' } })).toBe(1);
      expect((await repo(Rule).find({ order: { id: 'ASC' } })).map(({ text }) => text)).toEqual(['shared', 'acme']);
    });
  });

  it('relations that are loaded by queries of their own read rows without a tenant', async () => {
    await asAcme(async () => {
      const [task] = await repo(Task).find({ relations: { status: true }, relationLoadStrategy: 'query' });
      expect(task.status).toMatchObject({ code: 'open' });
    });
  });

  it('tenancy.sql reads rows without a tenant by table()', async () => {
    const rows = await asAcme(
      () => tenancy.sql(dataSource.manager)`SELECT s.code FROM ${table(Status, 's')} ORDER BY s.id`,
    );
    expect(rows).toEqual([{ code: 'open' }, { code: 'acme' }]);
  });

  it('an insert belongs to the tenant, and may take the code of a row without one', async () => {
    const { id } = await asAcme(() => repo(Status).save({ code: 'open' }));
    expect(await unscoped(() => repo(Status).findOneByOrFail({ id }))).toMatchObject({
      organizationId: 1,
      code: 'open',
    });
    await expect(asAcme(() => repo(Status).insert({ code: 'open' }))).rejects.toThrow(
      'There is another Status with the same code',
    );
  });

  it('an upsert on the key with the tenant meets own rows and leaves the one without a tenant', async () => {
    await asAcme(async () => {
      await repo(Status).upsert({ code: 'open', followsId: SHARED }, ['organizationId', 'code']);
      await repo(Status).upsert({ code: 'open', followsId: OWN }, ['organizationId', 'code']);
    });
    const open = await unscoped(() => repo(Status).find({ where: { code: 'open' }, order: { id: 'ASC' } }));
    expect(open).toMatchObject([
      { organizationId: null, followsId: null },
      { organizationId: 1, followsId: OWN },
    ]);
  });

  it('update, delete and save change own rows', async () => {
    await asAcme(async () => {
      expect(
        await repo(Status)
          .update({}, { followsId: SHARED })
          .catch(() => undefined),
      ).toBeUndefined();
      expect((await repo(Status).updateAll({ followsId: SHARED })).affected).toBe(1);
      await repo(Status).save({ id: OWN, code: 'done' });
      expect((await repo(Rule).delete({ text: In(['shared', 'acme']) })).affected).toBe(1);
      expect((await repo(Status).deleteAll()).affected).toBe(1);
    });
    expect(await unscoped(() => repo(Status).countBy({ organizationId: IsNull() }))).toBe(1);
    expect(await unscoped(() => repo(Rule).countBy({ text: 'shared' }))).toBe(1);
  });

  it('save and remove of a row without a tenant throw SharedRowError, which names the entity', async () => {
    await asAcme(async () => {
      const status = await repo(Status).findOneByOrFail({ id: SHARED });
      await expect(repo(Status).save({ ...status, code: 'taken' })).rejects.toThrow(SharedRowError);
      await expect(repo(Status).remove(status)).rejects.toThrow('A row of Status is shared by all tenants');
      await expect(repo(Rule).save({ id: 1, text: 'taken' })).rejects.toThrow('A row of Rule is shared by all tenants');
      await expect(repo(Rule).insert({ text: 'mine', statusId: SHARED })).rejects.toThrow(SharedRowError);
      await expect(repo(Rule).insert({ text: 'mine', statusId: GLOBEX })).rejects.toThrow('does not exist');
    });
  });

  it('of a row that a save has left alone one is asked for, without its columns', async () => {
    const statements = await statementsSentBy(dataSource, async () => {
      const save = asAcme(() => repo(Status).save({ id: SHARED, code: 'taken' }));
      await expect(save).rejects.toThrow(SharedRowError);
    });
    const asked = statements.filter((statement) => /^SELECT 1\b/.test(statement));
    expect(asked).toEqual([expect.stringMatching(/^SELECT 1 FROM .status. .* LIMIT 1$/)]);
  });

  it('save of a row without a tenant that changes nothing passes', async () => {
    await asAcme(async () => repo(Status).save(await repo(Status).findOneByOrFail({ id: SHARED })));
  });

  it('an explicit null tenant is refused in a scope with the line to type', async () => {
    await expect(asAcme(() => repo(Status).insert({ organizationId: null, code: 'x' }))).rejects.toThrow(
      "Status.organizationId is null, which would make the row shared by all tenants. Leave it undefined, or write the row in tenancy.unscoped('why', fn)",
    );
  });

  it('an own row refers to a row without a tenant by insert, update, save and relation builder', async () => {
    await asAcme(async () => {
      await repo(Task).insert({ title: 'a', statusId: SHARED });
      await repo(Task).update({ title: 'a' }, { statusId: OWN });
      await repo(Task).update({ title: 'a' }, { statusId: SHARED });
      const task = await repo(Task).save({ title: 'b', status: { id: SHARED } });
      await repo(Task).createQueryBuilder().relation('status').of(task.id).set(OWN);
      await repo(Status).createQueryBuilder().relation('tasks').of(SHARED).add(task.id);
      expect(await repo(Task).countBy({ statusId: SHARED })).toBe(3);
      await expect(repo(Task).update({ title: 'a' }, { statusId: GLOBEX })).rejects.toThrow('does not exist');
    });
  });

  it("an own row is linked to a row without a tenant, and the link is the tenant's own", async () => {
    await asAcme(async () => {
      const [task] = await repo(Task).find();
      const seen = repo(Task).createQueryBuilder().relation('seen').of(task);
      await seen.add([SHARED, OWN]);
      await seen.remove(SHARED);
      await seen.add(SHARED);
      expect((await repo(Task).findOneOrFail({ where: { id: task.id }, relations: { seen: true } })).seen).toHaveLength(
        2,
      );
      await repo(Task).save({ id: task.id, seen: [{ id: SHARED }] });
      await repo(Task).save({ id: task.id, seen: [] });
      // Both ends of these may be shared: one of them is not.
      await repo(Tag).createQueryBuilder().relation('statuses').of(OWN).add([SHARED, OWN]);
      await repo(Tag).save({ id: OWN, statuses: [{ id: SHARED }] });
      expect(
        (await repo(Tag).findOneOrFail({ where: { id: OWN }, relations: { statuses: true } })).statuses,
      ).toMatchObject([{ code: 'open' }]);
      await repo(Tag).createQueryBuilder().relation('statuses').of(OWN).remove(SHARED);
      await expect(repo(Tag).createQueryBuilder().relation('statuses').of(SHARED).add(SHARED)).rejects.toThrow(
        SharedRowError,
      );
      await expect(repo(Tag).save({ id: SHARED, statuses: [{ id: SHARED }] })).rejects.toThrow(SharedRowError);
    });
  });

  it.each([Topic, Folder])('an own node is a child of a node without a tenant and is moved (%p)', async (entity) => {
    const trees = dataSource.getTreeRepository<Topic | Folder>(entity);
    const root = await unscoped(() => trees.save({ organizationId: null, name: 'root' }));
    await asAcme(async () => {
      const own = await trees.save({ name: 'own', parent: { id: root.id } });
      const leaf = await trees.save({ name: 'leaf', parent: own });
      expect(await trees.countDescendants(await trees.findOneByOrFail({ id: root.id }))).toBe(3);
      expect((await trees.findAncestors(leaf)).map(({ name }) => name).sort()).toEqual(['leaf', 'own', 'root']);
      const other = await trees.save({ name: 'other' });
      await trees.save({ ...(await trees.findOneByOrFail({ id: own.id })), parent: other });
      await trees.save({ ...(await trees.findOneByOrFail({ id: own.id })), parent: { id: root.id } });
      expect(await trees.countDescendants(await trees.findOneByOrFail({ id: root.id }))).toBe(3);
    });
    await tenancy.run({ organizationId: 2 }, async () => {
      expect(await trees.countDescendants(await trees.findOneByOrFail({ id: root.id }))).toBe(1);
    });
  });

  describe('in an unscoped section', () => {
    it('an insert names null as its tenant, and is refused without a word', async () => {
      await unscoped(() => repo(Status).insert({ organizationId: null, code: 'x' }));
      await expect(unscoped(() => repo(Status).insert({ code: 'y' }))).rejects.toThrow(
        'set organizationId, or null for a row shared by all tenants',
      );
    });

    it('a row without a tenant is updated and deleted with what belongs to it', async () => {
      await unscoped(async () => {
        await repo(Status).update(SHARED, { code: 'new' });
        await repo(Task)
          .update({}, { statusId: null })
          .catch(() => repo(Task).updateAll({ statusId: null }));
        await repo(Status).delete(SHARED);
        expect(await repo(Rule).countBy({ text: 'shared' })).toBe(0);
      });
    });

    it('a row without a tenant refers to shared rows only', async () => {
      await unscoped(async () => {
        await repo(Status).insert({ organizationId: null, code: 'x', followsId: SHARED });
        for (const refused of [
          (): Promise<unknown> => repo(Status).insert({ organizationId: null, code: 'y', followsId: OWN }),
          () => repo(Status).insert({ organizationId: null, code: 'y', ownerId: 1 }),
          () => repo(Status).save({ organizationId: null, code: 'y', owner: { id: 1 } }),
          () => repo(Status).update(SHARED, { ownerId: 1 }),
          () => repo(Rule).insert({ text: 'y', statusId: SHARED, memberId: 1 }),
          () => repo(Rule).update({ statusId: SHARED }, { memberId: 1 }),
          () =>
            repo(Rule)
              .update({ text: 'acme' }, { memberId: 1 })
              .then(() => repo(Rule).update({ text: 'acme' }, { statusId: SHARED })),
        ])
          await expect(refused()).rejects.toThrow(TenantScopeViolationError);
      });
    });

    it("a tenant's row refers to shared rows, and to no other tenant's", async () => {
      await unscoped(async () => {
        await repo(Status).insert({ organizationId: 1, code: 'x', followsId: SHARED, ownerId: 1 });
        await repo(Rule).insert({ text: 'y', statusId: OWN, memberId: 1 });
        await repo(Rule).update({ text: 'y' }, { statusId: OWN });
        await repo(Tag).createQueryBuilder().relation('statuses').of(OWN).add(SHARED);
        await repo(Tag).createQueryBuilder().relation('statuses').of(SHARED).add([SHARED, OWN]);
        await expect(repo(Status).insert({ organizationId: 2, code: 'x', followsId: OWN })).rejects.toThrow(
          TenantScopeViolationError,
        );
        await expect(repo(Tag).createQueryBuilder().relation('statuses').of(OWN).add(GLOBEX)).rejects.toThrow(
          TenantScopeViolationError,
        );
      });
    });

    it("a tenant's row becomes shared only if what it refers to is", async () => {
      await unscoped(async () => {
        await repo(Status).update(OWN, { followsId: SHARED });
        await repo(Status).update(OWN, { organizationId: null });
        await repo(Status).update(OWN, { organizationId: 1, ownerId: 1 });
        await expect(repo(Status).update(OWN, { organizationId: null })).rejects.toThrow(TenantScopeViolationError);
        await expect(repo(Status).update(OWN, { organizationId: 2 })).rejects.toThrow(TenantScopeViolationError);
        await repo(Status).update(OWN, { organizationId: null, ownerId: null });
      });
    });
  });
});
