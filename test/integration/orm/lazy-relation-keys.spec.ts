import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

/* What the scope cannot see reads as nothing. To save an entity on which it was read must not make it so. */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
class Person {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class Task {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column({ type: Number, nullable: true }) ownerId!: number | null;
  @ManyToOne(() => Person, { lazy: true, nullable: true }) owner!: Promise<Person | null>;
  @ManyToOne(() => Person, { lazy: true, nullable: true }) reviewer!: Promise<Person | null>;
}

@Entity()
@TenantScoped()
class Folder {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() number!: number;
}

/** Its tenant is a part of a lazy reference, and says who sees the row. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Sheet {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
  @Column({ type: Number, nullable: true }) folderNumber!: number | null;
  @ManyToOne(() => Folder, { lazy: true })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'folderNumber', referencedColumnName: 'number' },
  ])
  folder!: Promise<Folder | null>;
}

describe.each(databasesToTest())('a lazy relation that reads as nothing, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = new DataSource({ ...database.options, entities: [Person, Task, Folder, Sheet], synchronize: true });
    await dataSource.initialize();
    await tenancy.unscoped('a test', async () => {
      await dataSource.getRepository(Person).insert([{ organizationId: 1 }, { organizationId: 1 }]);
      await dataSource
        .createQueryBuilder()
        .insert()
        .into(Task)
        .values({ organizationId: 1, text: 'a', ownerId: 2, reviewer: { id: 2 } as never })
        .execute();
      // A row that has moved, as old data has it.
      await dataSource
        .getRepository(Person)
        .createQueryBuilder()
        .update()
        .set({ organizationId: 2 })
        .where('id = 2')
        .execute();
    });
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const keys = (): Promise<unknown> =>
    tenancy.unscoped('a test', () =>
      dataSource.createQueryBuilder(Task, 't').select(['t.ownerId AS owner', 't.reviewerId AS reviewer']).getRawOne(),
    );

  it('keeps its key when the entity is saved', async () => {
    const before = await keys();
    expect(before).toEqual({ owner: 2, reviewer: 2 });
    await tenancy.run({ organizationId: 1 }, async () => {
      const task = await dataSource.getRepository(Task).findOneByOrFail({ id: 1 });
      expect([await task.owner, await task.reviewer]).toEqual([null, null]);
      task.text = 'b';
      await dataSource.getRepository(Task).save(task);
    });
    expect(await keys()).toEqual(before);
  });

  it('is cleared where the application says so', async () => {
    await tenancy.run({ organizationId: 1 }, async () => {
      const task = await dataSource.getRepository(Task).findOneByOrFail({ id: 1 });
      await task.owner;
      task.owner = Promise.resolve(null);
      await dataSource.getRepository(Task).save(task);
    });
    expect(await keys()).toEqual({ owner: null, reviewer: 2 });
  });

  it('leaves the row to its tenant where it is set, and where it is cleared', async () => {
    const sheets = dataSource.getRepository(Sheet);
    const stored = (): Promise<unknown> =>
      tenancy.unscoped('a test', () => sheets.findOneByOrFail({ id: 1 })).then(({ ...row }) => row);
    await tenancy.run({ organizationId: 1 }, async () => {
      const folder = await dataSource.getRepository(Folder).save({ organizationId: 1, number: 7 });
      await sheets.insert({});
      const setTo = async (to: Folder | null): Promise<void> => {
        const sheet = await sheets.findOneByOrFail({ id: 1 });
        sheet.folder = Promise.resolve(to);
        await sheets.save(sheet);
      };
      await setTo(folder);
      expect(await stored()).toEqual({ id: 1, organizationId: 1, folderNumber: 7 });
      await setTo(null);
      expect(await stored()).toEqual({ id: 1, organizationId: 1, folderNumber: null });
    });
  });
});
