import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, ReferenceUnknownError, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { ObjectLiteral, Relation } from 'typeorm';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
@TenantShared('a catalogue for everybody')
class Part {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
}
@ChildEntity()
class Wheel extends Part {
  @Column({ default: 0 }) spokes!: number;
}
@ChildEntity()
class Frame extends Part {
  @ManyToOne(() => Wheel, { nullable: true }) wheel!: Relation<Wheel> | null;
}
@Entity()
@TenantScoped()
class Bike {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Wheel, { nullable: true }) wheel!: Relation<Wheel> | null;
  @ManyToOne(() => Part, { nullable: true }) any!: Relation<Part> | null;
  @ManyToMany(() => Frame) @JoinTable() frames!: Relation<Frame[]>;
}
@Entity()
@TenantShared('pictures of the catalogue')
class Picture {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Wheel, { nullable: true }) wheel!: Relation<Wheel> | null;
  @ManyToMany(() => Frame) @JoinTable() frames!: Relation<Frame[]>;
}

@Controller('bikes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Bike)
class BikeController extends CrudController<Bike> {}

describe.each(places)('references to shared child entities on $adapter and $database', (place) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');
  const ids = { wheel: 0, frame: 0 };
  const repo = (entity: new () => ObjectLiteral) => desk.dataSource.getRepository(entity);

  beforeAll(async () => {
    desk = await openCrudDesk([BikeController], { ...place, entities: [Part, Wheel, Frame, Bike, Picture] });
    ids.wheel = (await repo(Wheel).save({ title: 'wheel' })).id as number;
    ids.frame = (await repo(Frame).save({ title: 'frame', wheel: { id: ids.wheel } })).id as number;
  });
  afterAll(() => desk?.close());

  it('name a row of the named class in bodies', async () => {
    const { status, body } = await acme.post('/bikes', { wheel: ids.wheel, any: ids.frame });
    expect(status).toBe(201);
    for (const key of [ids.frame, 9999]) {
      for (const refused of [
        await acme.post('/bikes', { wheel: key }),
        await acme.patch(`/bikes/${body.id}`, { wheel: key }),
      ])
        expect([refused.status, refused.body.message]).toEqual([400, ['wheel refers to a row that does not exist']]);
    }
    expect((await acme.patch(`/bikes/${body.id}`, { wheel: null })).status).toBe(200);
  });

  it.each(['in a scope', 'outside of one'])('name a row of the named class in code, %s', async (where) => {
    const work = async (): Promise<void> => {
      const entity = where === 'in a scope' ? Bike : Picture;
      const row = await repo(entity).save({ wheel: { id: ids.wheel }, frames: [{ id: ids.frame }] });
      const wrong = { wheel: { id: ids.frame } };
      for (const write of [
        () => repo(entity).insert(wrong),
        () => repo(entity).save(wrong),
        () => repo(entity).update(row.id as number, wrong),
        () => repo(entity).save({ id: row.id as number, ...wrong }),
        () => repo(entity).createQueryBuilder().relation('wheel').of(row.id).set(ids.frame),
        () => repo(entity).createQueryBuilder().relation('frames').of(row.id).add(ids.wheel),
        () => repo(entity).save({ id: row.id as number, frames: [{ id: ids.wheel }] }),
        () => repo(Frame).save({ title: 'x', ...wrong }),
      ])
        await expect(write()).rejects.toThrow(ReferenceUnknownError);
      // SQL names whatever it names, of shared rows.
      const sql = { wheel: () => String(ids.wheel) };
      await repo(entity).update(row.id as number, sql);
      expect(await repo(entity).countBy({ id: row.id as number, wheel: { id: ids.wheel } })).toBe(1);
    };
    await (where === 'in a scope' ? desk.tenancy.run({ organizationId: 1 }, work) : work());
  });

  it('are left to the code in an unscoped section', async () => {
    await desk.tenancy.unscoped('moves rows', () => repo(Picture).insert({ wheel: { id: ids.frame } }));
  });
});
