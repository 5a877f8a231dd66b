import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Expose } from 'class-transformer';
import { IsObject } from 'class-validator';
import { Crud, CrudController, Tenancy, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation } from 'typeorm';
import { databasesToTest } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { openCrudDesk, TestGuard } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

class Settings {
  @Column({ type: 'simple-json', nullable: true }) colors!: unknown;
}

@Entity()
@TenantScoped()
class Device {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @OneToMany(() => Part, (part) => part.device) parts!: Relation<Part>[];
}

@Entity()
@TenantScoped()
class Part {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column(() => Settings) settings!: Settings;
  @ManyToOne(() => Device, (device) => device.parts) device!: Relation<Device> | null;
}

class DeviceView {
  @Expose() id!: number;
  @Expose() meta!: unknown;
}

class DeviceDto {
  @IsObject() meta!: object;
}

@Controller('devices')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Device, { include: ['parts'] })
class DevicesController extends CrudController<Device> {}

@Controller('device-views')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Device, { dto: { response: DeviceView, create: DeviceDto, update: DeviceDto } })
class DeviceViewsController extends CrudController<Device> {}

@Controller('parts')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Part)
class PartsController extends CrudController<Part> {}

/** What a client may have stored; code that takes it for a class, a promise or a prototype breaks. */
const HOSTILE: Record<string, unknown> = {
  constructor: 'x',
  then: 'x',
  toJSON: 'x',
  prototype: null,
  inner: [{ constructor: { prototype: 1 } }, { then: null }],
};

describe.each(databasesToTest())('stored JSON with the keys of objects, on %s', (kind) => {
  let desk: Desk;
  const acme = clientOf(() => desk, '1');

  beforeAll(async () => {
    desk = await openCrudDesk([DevicesController, DeviceViewsController, PartsController], {
      entities: [Device, Part],
      database: kind,
    });
    await new Tenancy().run({ organizationId: 1 }, async () => {
      const device = await desk.dataSource.manager.save(desk.dataSource.manager.create(Device, {}));
      await desk.dataSource.manager.update(Device, device.id, { meta: HOSTILE });
      const part = await desk.dataSource.manager.save(Part, { device, settings: {} });
      await desk.dataSource.manager.update(Part, part.id, {
        meta: HOSTILE,
        settings: { colors: HOSTILE as never },
      });
    });
  });
  afterAll(() => desk?.close());

  it.each(['/devices', '/device-views', '/parts'])('%s lists it and reads it as it is', async (path) => {
    const list = await acme.get(path);
    expect(list).toMatchObject({ status: 200 });
    const { items } = list.body as { items: { id: number; meta: unknown }[] };
    expect(items[0].meta).toEqual(HOSTILE);
    const row = await acme.get(`${path}/1`);
    expect(row).toMatchObject({ status: 200 });
    expect((row.body as { meta: unknown }).meta).toEqual(HOSTILE);
  });

  it('it is included with the row that it belongs to, and in embedded objects', async () => {
    const { status, body } = await acme.get('/devices?include=parts');
    expect(status).toBe(200);
    const [{ parts }] = (body as { items: { parts: { meta: unknown; settings: unknown }[] }[] }).items;
    expect(parts[0]).toMatchObject({ meta: HOSTILE, settings: { colors: HOSTILE } });
  });

  it('a client that writes it reads it again', async () => {
    const made = await acme.post('/devices', { meta: HOSTILE });
    expect(made).toMatchObject({ status: 201 });
    expect((made.body as { meta: unknown }).meta).toEqual(HOSTILE);
  });

  it('class-transformer, which reads the bodies of a DTO, does not get to see it', async () => {
    for (const { status, body } of [
      await acme.post('/device-views', { meta: HOSTILE }),
      await acme.patch('/device-views/1', { meta: HOSTILE }),
    ]) {
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { message: ['meta must not hold a property constructor'] },
      });
    }
  });
});
