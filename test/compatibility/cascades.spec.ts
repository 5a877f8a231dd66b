import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  type Relation,
  Tree,
  TreeChildren,
  TreeParent,
} from 'typeorm';
import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { createDatabase, databasesToTest } from '../support/databases.js';
import type { TestDatabase } from '../support/databases.js';

/*
 * Cascades that stay among rows of one tenant run as in plain TypeORM.
 */

declareScope({ region: String, organizationId: Number });
const tenancy = new Tenancy();
const EU = { region: 'eu', organizationId: 1 };
const US = { region: 'us', organizationId: 1 };

@Entity()
@TenantShared('the same for everybody')
class Color {
  @PrimaryColumn() id!: number;
}

@Entity()
@TenantScoped()
class Project {
  @PrimaryColumn() id!: number;
  @Column({ type: 'varchar', length: 2 }) region!: string;
  @Column() organizationId!: number;
  @ManyToMany(() => Color) @JoinTable({ name: 'project_color' }) colors!: Relation<Color[]>;
  @ManyToMany(() => Project) @JoinTable({ name: 'project_sibling' }) siblings!: Relation<Project[]>;
}

@Entity()
@TenantScoped()
class Task {
  @PrimaryColumn() id!: number;
  @Column({ type: 'varchar', length: 2 }) region!: string;
  @Column() organizationId!: number;
  @ManyToOne(() => Project, { onDelete: 'CASCADE', onUpdate: 'CASCADE' }) project!: Relation<Project>;
  @ManyToOne(() => Task, { onDelete: 'SET NULL', onUpdate: 'CASCADE' }) after!: Relation<Task> | null;
}

/** Belongs to its task's tenant. */
@Entity()
@TenantScoped({ via: 'task' })
class Comment {
  @PrimaryColumn() id!: number;
  @ManyToOne(() => Task, { nullable: false, onDelete: 'CASCADE', onUpdate: 'CASCADE' }) task!: Relation<Task>;
}

/** All regions see it, and it goes with the comment that it quotes. */
@Entity()
@TenantScoped({ omit: ['region'] })
class Quote {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Comment, { onDelete: 'CASCADE', onUpdate: 'CASCADE' }) comment!: Relation<Comment>;
}

/** All tenants see it, and it goes with the quote. */
@Entity()
@TenantShared('everybody reads them')
class Headline {
  @PrimaryColumn() id!: number;
  @ManyToOne(() => Quote, { onDelete: 'CASCADE', onUpdate: 'CASCADE' }) quote!: Relation<Quote>;
}

@Entity()
@Tree('closure-table')
@TenantScoped()
class Topic {
  @PrimaryColumn() id!: number;
  @Column({ type: 'varchar', length: 2 }) region!: string;
  @Column() organizationId!: number;
  @TreeChildren() children!: Relation<Topic[]>;
  @TreeParent({ onDelete: 'CASCADE' }) parent!: Relation<Topic> | null;
}

describe.each(databasesToTest())('cascades among rows of one tenant on %s', (kind) => {
  let dataSource: DataSource;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Color, Project, Task, Comment, Quote, Headline, Topic],
      synchronize: true,
    }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await tenancy.unscoped('starts afresh', async () => {
      for (const entity of [Headline, Quote, Comment, Task, Project, Topic, Color])
        await dataSource.manager.deleteAll(entity);
      await dataSource.manager.insert(Color, { id: 1 });
    });
    for (const [scope, id] of [
      [EU, 1],
      [US, 2],
    ] as const) {
      await tenancy.run(scope, async () => {
        const { manager } = dataSource;
        await manager.save(Project, { id, colors: [{ id: 1 }] });
        await manager.save(Project, { id: id + 10, siblings: [{ id }] });
        await manager.insert(Task, { id, project: { id } });
        await manager.insert(Task, { id: id + 10, project: { id: id + 10 }, after: { id } });
        await manager.insert(Comment, { id, task: { id } });
        await manager.insert(Quote, { id, comment: { id } });
        await manager.insert(Headline, { id, quote: { id } });
        const topic = await manager.save(Topic, { id });
        await manager.save(Topic, { id: id + 10, parent: topic });
      });
    }
  });

  const ids = (entity: EntityTarget<ObjectLiteral>): Promise<unknown[]> =>
    tenancy.unscoped('looks', async () =>
      (await dataSource.manager.find(entity, { order: { id: 'ASC' } })).map(({ id }) => id as unknown),
    );

  it('a delete reaches all rows below the deleted row, and no other tenant', async () => {
    await tenancy.run(EU, () => dataSource.manager.delete(Project, { id: 1 }));
    expect([await ids(Project), await ids(Task), await ids(Comment), await ids(Quote), await ids(Headline)]).toEqual([
      [2, 11, 12],
      [2, 11, 12],
      [2],
      [2],
      [2],
    ]);
    const task = await tenancy.run(EU, () =>
      dataSource.manager.findOneOrFail(Task, { where: { id: 11 }, relations: { after: true } }),
    );
    expect(task.after).toBeNull();
  });

  it('another key of a row reaches the rows that refer to it', async () => {
    await tenancy.run(EU, () => dataSource.manager.update(Project, { id: 1 }, { id: 5 }));
    const task = await tenancy.run(EU, () =>
      dataSource.manager.findOneOrFail(Task, { where: { id: 1 }, relations: { project: true } }),
    );
    expect(task.project.id).toBe(5);
  });

  it('a delete of a node of a closure table deletes its children', async () => {
    await tenancy.run(EU, () => dataSource.manager.delete(Topic, { id: 1 }));
    expect(await ids(Topic)).toEqual([2, 12]);
  });
});
