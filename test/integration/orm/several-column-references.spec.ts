import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  EntityNotFoundError,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  Unique,
} from 'typeorm';
import type { Relation, ValueTransformer } from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const asAcme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);

/** Stored numbers are other ones than those of the application. */
const transformer: ValueTransformer = {
  to: (value: number | null) => (typeof value === 'number' ? value + 100 : value),
  from: (value: number | null) => (typeof value === 'number' ? value - 100 : value),
};

@Entity()
@TenantScoped()
class Album {
  @PrimaryColumn({ name: 'Org_Id' }) organizationId!: number;
  @PrimaryColumn({ name: 'Album No', transformer }) number!: number;
  @OneToMany(() => Photo, (photo) => photo.album) photos!: Relation<Photo[]>;
}

@Entity()
@TenantScoped()
class Photo {
  @PrimaryColumn({ name: 'Photo No', transformer }) id!: number;
  @Column({ name: 'Org_Id' }) organizationId!: number;
  @Column({ name: 'In Album', type: Number, nullable: true, transformer }) albumNumber!: number | null;
  @ManyToOne(() => Album, (album) => album.photos)
  @JoinColumn([
    { name: 'Org_Id', referencedColumnName: 'organizationId' },
    { name: 'In Album', referencedColumnName: 'number' },
  ])
  album!: Relation<Album> | null;
}

/** References to it name its tenant too, which is no part of its key. */
@Entity()
@TenantScoped()
@Unique(['id', 'organizationId'])
class Folder {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @OneToMany(() => Sheet, (sheet) => sheet.folder) sheets!: Relation<Sheet[]>;
}

@Entity()
@TenantScoped()
class Sheet {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) folderId!: number | null;
  @ManyToOne(() => Folder, (folder) => folder.sheets)
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'folderId', referencedColumnName: 'id' },
  ])
  folder!: Relation<Folder> | null;
}

describe.each(databasesToTest())('a reference of several columns with names and forms of their own, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;
  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Album, Photo, Folder, Sheet],
      synchronize: true,
    }).initialize();
    await asAcme(async () => {
      await dataSource.manager.insert(Album, [{ number: 1 }, { number: 2 }]);
      await dataSource.manager.insert(Photo, [
        { id: 1, albumNumber: 1 },
        { id: 2, albumNumber: 1 },
        { id: 3, albumNumber: 2 },
      ]);
    });
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('is taken out of the rows that are meant', async () => {
    const photos = async (): Promise<unknown[]> =>
      (await dataSource.manager.find(Photo, { order: { id: 'ASC' } })).map(({ organizationId, albumNumber }) => [
        organizationId,
        albumNumber,
      ]);
    await asAcme(async () => {
      const builder = dataSource.createQueryBuilder().relation(Album, 'photos').of({ number: 1 });
      await builder.remove({ id: 2 });
      expect(await photos()).toEqual([
        [1, 1],
        [1, null],
        [1, 2],
      ]);
      await builder.set(null);
      expect(await photos()).toEqual([
        [1, null],
        [1, null],
        [1, 2],
      ]);
    });
  });

  const hung = (): Promise<number> => asAcme(() => dataSource.manager.countBy(Sheet, { folderId: 7 }));
  const hang = (): Promise<void> =>
    asAcme(async () => {
      const { manager } = dataSource;
      await manager.deleteAll(Sheet);
      await manager.deleteAll(Folder);
      await manager.insert(Folder, { id: 7 });
      await manager.insert(
        Sheet,
        [1, 2, 3].map((id) => ({ id, folderId: 7 })),
      );
    });

  it.each<[unknown, unknown]>([
    [7, 2],
    [{ id: 7 }, { id: 2 }],
    [{ id: 7, organizationId: 1 }, [2]],
  ])('is taken out of those of a row that is given as %j', async (folder, sheet) => {
    await hang();
    const builder = dataSource.createQueryBuilder().relation(Folder, 'sheets').of(folder);
    await asAcme(() => builder.remove([]));
    expect(await hung()).toBe(3);
    await asAcme(() => builder.remove(sheet));
    expect(await hung()).toBe(2);
    await asAcme(() => builder.set(null));
    expect(await hung()).toBe(0);
  });

  it('stays where the row that it names is not there', async () => {
    await hang();
    const builder = dataSource.createQueryBuilder().relation(Folder, 'sheets').of(8);
    await expect(asAcme(() => builder.set(null))).rejects.toThrow(EntityNotFoundError);
    await tenancy.unscoped('a test', () => builder.set(null));
    expect(await hung()).toBe(3);
  });
});
