import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Post, UseGuards } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Crud, CrudController, CrudService, getCrudToken, MuckModule, TenantScoped } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn, Tree, TreeChildren, TreeParent } from 'typeorm';
import type { Relation } from 'typeorm';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Entity()
@TenantScoped()
@Tree('closure-table')
class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @TreeChildren() children!: Relation<Folder[]>;
  @TreeParent() parent!: Relation<Folder> | null;
}

@Entity()
@TenantScoped()
@Tree('materialized-path')
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @TreeChildren() children!: Relation<Shelf[]>;
  @TreeParent() parent!: Relation<Shelf> | null;
}

@Controller('folders')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Folder, { only: ['findAll', 'findOne', 'remove'] })
class FoldersController extends CrudController<Folder> {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  @Post()
  grow(@Body() { name, parentId }: { name: string; parentId?: number }): Promise<Folder> {
    const parent = parentId === undefined ? undefined : ({ id: parentId } as Folder);
    return this.dataSource.getTreeRepository(Folder).save({ name, parent });
  }
}

@Controller('folders')
@TenantScoped()
@Crud(Folder)
class WritingFoldersController extends CrudController<Folder> {}

@Controller('shelves')
@TenantScoped()
@Crud(Shelf, { only: ['findAll', 'update'] })
class MovingShelvesController extends CrudController<Shelf> {}

it('a tree does not start with routes that would lose the place of its rows', async () => {
  await expect(openCrudDesk([WritingFoldersController], { entities: [Folder] })).rejects.toThrow(
    "WritingFoldersController: Folder is a tree (closure-table), whose structure create, replace, update would not maintain. Set only: ['findAll', 'findOne', 'remove'], and write it by getTreeRepository(Folder).save() in a route of your own.",
  );
  await expect(openCrudDesk([MovingShelvesController], { entities: [Shelf] })).rejects.toThrow(
    'MovingShelvesController: Shelf is a tree (materialized-path), whose structure update would not maintain.',
  );
});

describe.each(places)('a tree, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  const asAcme = <R>(work: () => Promise<R>) => desk.tenancy.run({ organizationId: 1 }, work);

  beforeAll(async () => {
    desk = await openCrudDesk([FoldersController], {
      adapter,
      database,
      entities: [Folder, Shelf],
      imports: [MuckModule.forFeature([Folder, Shelf])],
    });
  });
  afterAll(() => desk?.close());

  it('grows by a route of its own, below own rows only', async () => {
    const root = (await acme.post('/folders', { name: 'root' })).body as Folder;
    const child = await acme.post('/folders', { name: 'child', parentId: root.id });
    expect([child.status, (await acme.get(`/folders/${child.body.id}`)).body.name]).toEqual([201, 'child']);
    const tree = await asAcme(() => desk.dataSource.getTreeRepository(Folder).findDescendants(root));
    expect(tree.map(({ name }) => name).sort()).toEqual(['child', 'root']);
    const foreign = await globex.post('/folders', { name: 'theirs', parentId: root.id });
    const missing = await globex.post('/folders', { name: 'theirs', parentId: 999_999 });
    expect([foreign.status, foreign.text]).toEqual([missing.status, missing.text]);
    expect((await globex.get('/folders')).body.items).toEqual([]);
    expect((await acme.delete(`/folders/${child.body.id}`)).status).toBe(204);
    expect(await asAcme(() => desk.dataSource.getTreeRepository(Folder).countDescendants(root))).toBe(1);
  });

  it('is not written by a service either, but for what is not its place', async () => {
    for (const entity of [Folder, Shelf]) {
      const service = desk.app.get<CrudService<Folder>>(getCrudToken(entity), { strict: false });
      await asAcme(async () => {
        const trees = desk.dataSource.getTreeRepository<Folder>(entity);
        const [one, other] = [await trees.save({ name: 'one' }), await trees.save({ name: 'other' })];
        const refusal = `${entity.name} is a tree: write it by getTreeRepository(${entity.name}).save().`;
        await expect(service.create({ name: 'x' })).rejects.toThrow(refusal);
        await expect(service.createMany([{ name: 'x' }])).rejects.toThrow(refusal);
        for (const parent of [one.id, other.id]) {
          await expect(service.update(one.id, { parent })).rejects.toThrow(refusal);
        }
        expect((await service.update(one.id, { name: 'renamed' })).name).toBe('renamed');
        expect(await trees.countDescendants(other)).toBe(1);
      });
    }
  });
});
