import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tenancy, TenantScoped, declareScope } from 'nestjs-muck';
import { Column, DataSource, Entity, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { statementsSentBy } from '../../support/sent.js';

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
class Project {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
class Task {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @ManyToOne(() => Project) project!: Relation<Project> | null;
  @ManyToMany(() => Tag) @JoinTable() tags!: Tag[];
}

describe.each(databasesToTest())('a save with links, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Tag, Task, Project],
      synchronize: true,
    }).initialize();
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  const within = <R>(fn: () => Promise<R>): Promise<R> => tenancy.run({ organizationId: 1 }, fn);

  it('sends one statement for each table that it writes and for each entity that it refers to', async () => {
    await within(async () => {
      const tags = await dataSource.getRepository(Tag).save(['one', 'two', 'three', 'four'].map((name) => ({ name })));
      const project = await dataSource.getRepository(Project).save({ name: 'Move' });
      const tasks = dataSource.getRepository(Task);
      const saved = (task: object): Promise<string[]> =>
        statementsSentBy(dataSource, async () => void (await tasks.save(task)));
      const kindsOf = (statements: readonly string[]): string[] =>
        statements
          .map((sql) => sql.replaceAll(/["`]/g, ''))
          .map((sql) => /^(?:(SELECT) .*? FROM|(INSERT) INTO|(DELETE) FROM) (\w+)/.exec(sql) ?? [])
          .flatMap(([, ...words]) => (words.length === 0 ? [] : [words.filter(Boolean).join(' ')]));

      const task = tasks.create({ title: 'Pack', project, tags: tags.slice(0, 3) });
      expect(kindsOf(await saved(task))).toEqual([
        'SELECT project',
        'INSERT task',
        'SELECT task',
        'SELECT tag',
        'INSERT task_tags_tag',
      ]);
      expect(
        kindsOf(await saved({ ...task, tags: tags.slice(1) })).filter((kind) => !kind.startsWith('SELECT')),
      ).toEqual(['INSERT task_tags_tag', 'DELETE task_tags_tag']);
    });
  });
});
