import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

class Lock {
  @Column() maker!: string;
  @Exclude() @Column() code!: string;
}

class Door {
  @Column() color!: string;
  @Column(() => Lock) lock!: Lock;
}

@Entity()
@TenantScoped()
class House {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() phone!: string;
  @Column(() => Door) door!: Door;
}

class LockView {
  @Expose() maker!: string;
}

class DoorView {
  @Expose() @Type(() => LockView) lock!: LockView;
}

class HouseView {
  @Expose() id!: number;
  @Expose() @Transform(({ value }: { value: string }) => value.slice(-2), { toClassOnly: true }) phone!: string;
  @Expose() @Type(() => DoorView) door!: DoorView;
}

@Controller('houses')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(House, { except: ['create'] })
class HousesController extends CrudController<House> {}

@Controller('house-views')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(House, { only: ['findAll', 'findOne'], dto: { response: HouseView } })
class HouseViewsController extends CrudController<House> {}

describe('columns that an answer does not show as they are', () => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');

  beforeAll(async () => {
    desk = await openCrudDesk([HousesController, HouseViewsController], { entities: [House] });
    const door = { color: 'red', lock: { maker: 'Abus', code: '1234' } };
    const houses = desk.dataSource.getRepository(House);
    await desk.tenancy.run({ organizationId: 1 }, () => houses.insert({ phone: '555-0142', door }));
  });
  afterAll(() => desk?.close());

  it.each([
    ['/houses', 'door.color', 'red'],
    ['/houses', 'door.lock.maker', 'Abus'],
    ['/house-views', 'door.lock.maker', 'Abus'],
  ])('%s can be filtered and sorted by %s, which it shows', async (path, property, value) => {
    expect((await acme.get(`${path}?${property}=${value}`)).body).toMatchObject({ total: 1 });
    expect(await acme.get(`${path}?sort=${property}`)).toMatchObject({ status: 200 });
  });

  it.each([
    ['/houses', 'door.lock.code', '1234'],
    ['/house-views', 'door.lock.code', '1234'],
    ['/house-views', 'door.color', 'red'],
    ['/house-views', 'phone', '555-0142'],
  ])('%s cannot be filtered or sorted by %s', async (path, property, value) => {
    const { body } = await acme.get(path);
    expect(JSON.stringify(body)).not.toContain(value);
    expect(await acme.get(`${path}?${property}=${value}`)).toMatchObject({ status: 400 });
    expect(await acme.get(`${path}?sort=${property}`)).toMatchObject({ status: 400 });
  });
});
