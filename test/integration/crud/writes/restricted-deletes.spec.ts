import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

@Entity()
@TenantScoped()
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Box {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Shelf, { onDelete: 'RESTRICT' }) restricted!: Relation<Shelf> | null;
  @ManyToOne(() => Shelf, { onDelete: 'NO ACTION' }) refused!: Relation<Shelf> | null;
  @ManyToOne(() => Shelf) plain!: Relation<Shelf> | null;
}

@Controller('shelves')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Shelf)
class ShelvesController extends CrudController<Shelf> {}

describe.each(places)('a DELETE of a row that others refer to, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({ ...place, entities: [Shelf, Box], controllers: [ShelvesController] });
  });
  afterAll(() => world?.close());

  it.each(['restricted', 'refused', 'plain'] as const)('is a conflict, whatever forbids it: %s', async (property) => {
    const { dataSource, tenancy, transport } = world;
    const id = await tenancy.run({ organizationId: 1 }, async () => {
      const shelf = await dataSource.manager.save(new Shelf());
      await dataSource.manager.save(Box, { [property]: shelf });
      return shelf.id;
    });
    const { status, text } = await transport.send({
      method: 'DELETE',
      url: `/shelves/${id}`,
      headers: { 'x-user': '1' },
    });
    expect([status, text]).toEqual([409, expect.stringContaining('other rows still reference this one')]);
  });
});
