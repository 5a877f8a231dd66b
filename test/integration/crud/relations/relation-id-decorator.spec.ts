import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, JoinTable, ManyToMany, ManyToOne, PrimaryGeneratedColumn, RelationId } from 'typeorm';
import type { Relation } from 'typeorm';
import { databasesToTest } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, Tag, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

@Entity()
@TenantScoped()
class Crate {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @ManyToMany(() => Tag) @JoinTable({ name: 'crate_tag' }) tags!: Relation<Tag>[];
  @RelationId((crate: Crate) => crate.tags) tagIds!: number[];
  @ManyToOne(() => Crate) within!: Relation<Crate> | null;
  @RelationId((crate: Crate) => crate.within) withinId!: number | null;
}

@Controller('crates')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Crate, { include: ['within'] })
class CratesController extends CrudController<Crate> {}

describe.each(databasesToTest())('properties with @RelationId, on %s', (kind) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');

  beforeAll(async () => {
    desk = await openCrudDesk([CratesController], { entities: [Crate], database: kind });
    const { manager, driver } = desk.dataSource;
    await desk.tenancy.unscoped('rows of two tenants', async () => {
      await manager.insert(Tag, [
        { id: 1, organizationId: 1, name: 'fragile' },
        { id: 2, organizationId: 1, name: 'heavy' },
        { id: 3, organizationId: 2, name: 'theirs' },
      ]);
      await manager.insert(Crate, [
        { id: 1, organizationId: 1, name: 'big' },
        { id: 2, organizationId: 1, name: 'small', within: { id: 1 } },
      ]);
      // What no statement of the application would write.
      const table = driver.escape('crate_tag');
      const columns = ['crateId', 'tagId'].map((name) => driver.escape(name)).join();
      await desk.dataSource.query(`INSERT INTO ${table} (${columns}) VALUES (1, 1), (1, 2), (1, 3), (2, 2)`);
    });
  });
  afterAll(() => desk?.close());

  it('hold the ids of related rows, in a list and in a row', async () => {
    const { items } = (await acme.get('/crates?sort=id')).body as { items: Crate[] };
    expect(items).toMatchObject([{ name: 'big' }, { name: 'small', tagIds: [2], withinId: 1 }]);
    expect((await acme.get('/crates/2')).body).toMatchObject({ name: 'small', tagIds: [2], withinId: 1 });
  });

  it('hold no id of a row of another organization', async () => {
    const all = await desk.tenancy.unscoped('what is stored', () =>
      desk.dataSource.manager.findOneBy(Crate, { id: 1 }),
    );
    expect([...all!.tagIds].sort()).toEqual([1, 2, 3]);
    const { items } = (await acme.get('/crates?sort=id')).body as { items: Crate[] };
    expect([...items[0].tagIds].sort()).toEqual([1, 2]);
    const { tagIds } = (await acme.get('/crates/1')).body as Crate;
    expect([...tagIds].sort()).toEqual([1, 2]);
  });

  it('are there in rows that are included', async () => {
    const { within } = (await acme.get('/crates/2?include=within')).body as Crate;
    expect(within).toMatchObject({ name: 'big', id: 1 });
    expect([...within!.tagIds].sort()).toEqual([1, 2]);
  });

  it('are left out where a client asks for other columns', async () => {
    expect((await acme.get('/crates/2?fields=name')).body).toEqual({ name: 'small' });
  });
});
