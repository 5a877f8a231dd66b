import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Check, Column, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
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

/** Its reference is set to NULL by a deletion, which the column refuses. MySQL refuses the declaration itself. */
@Entity()
@TenantScoped()
class Sticker {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Shelf, { onDelete: 'SET NULL', nullable: false }) shelf!: Relation<Shelf>;
}
/** Its reference is set to NULL by a deletion, which a CHECK refuses. */
@Entity()
@TenantScoped()
@Check('placed', '"shelfId" IS NOT NULL')
class Plate {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Shelf, { onDelete: 'SET NULL' }) shelf!: Relation<Shelf> | null;
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

describe.each(places.filter(({ database }) => database !== 'mariadb'))(
  'a DELETE whose referential action another table refuses, on $adapter and $database',
  (place) => {
    let world: ScopedApplication;
    beforeAll(async () => {
      const entities = [Shelf, Sticker, Plate];
      world = await openScopedApplication({ ...place, entities, controllers: [ShelvesController] });
    });
    afterAll(() => world?.close());

    it.each([
      ['NOT NULL', Sticker],
      ['CHECK', Plate],
    ])('is a conflict: %s', async (_, entity) => {
      const { dataSource, tenancy, transport } = world;
      const id = await tenancy.run({ organizationId: 1 }, async () => {
        const shelf = await dataSource.manager.save(new Shelf());
        await dataSource.manager.save(entity, { shelf });
        return shelf.id;
      });
      const { status, text } = await transport.send({
        method: 'DELETE',
        url: `/shelves/${id}`,
        headers: { 'x-user': '1' },
      });
      expect([status, text]).toEqual([409, expect.stringContaining('other rows still reference this one')]);
    });
  },
);
