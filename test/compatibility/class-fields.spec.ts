import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import { Expose, Type } from 'class-transformer';
import { IsOptional, IsString, ValidateNested } from 'class-validator';
import { Crud, CrudController, type CrudService, TenantScoped } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { openScopedApplication } from '../support/scoped-application.js';
import type { ScopedApplication } from '../support/scoped-application.js';
import type { Answer } from '../support/transport.js';
import { TestGuard } from '../support/crud-desk.js';
import { places } from '../support/places.js';

/*
 * Under ES2023 an object of a class has each declared property, as undefined, before anything gives it a value. Such a
 * property is one that is not there. An initial value is for a new row, not for a change of a stored one.
 */

class Position {
  @Column({ type: Number, nullable: true }) north!: number | null;
  @Column({ type: Number, default: 7 }) east: number = 7;
  @Column({ type: String, nullable: true, select: false }) hint!: string | null;
  /** Not a column. */
  label?: string;
}

class Address {
  @Column({ type: String, nullable: true }) city!: string | null;
  @Column({ default: 'DE' }) country: string = 'DE';
  @Column(() => Position) position!: Position;
}

@Entity()
@TenantScoped()
class Depot {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
class Firm {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ default: 'plain' }) kind!: string;
  @Column(() => Address) address!: Address;
  @ManyToOne(() => Depot, { nullable: true }) @JoinColumn({ name: 'depotId' }) depot!: Relation<Depot> | null;
  @Column({ type: Number, nullable: true }) depotId!: number | null;
  /** Not a column, and never filled. */
  title?: string;
}

class PositionDto {
  @IsOptional() north?: number;
  @IsOptional() east?: number;
}
class AddressDto {
  @IsOptional() @IsString() city?: string;
  @IsOptional() @IsString() country?: string;
  @IsOptional() @ValidateNested() @Type(() => PositionDto) position?: PositionDto;
}
class FirmDto {
  @IsOptional() @IsString() name?: string;
  @IsOptional() @IsString() kind?: string;
  @IsOptional() @ValidateNested() @Type(() => AddressDto) address?: AddressDto;
}
class FirmView {
  @Expose() id!: number;
  /** Reads the column `name`: the entity's own property `title` has no value. */
  @Expose({ name: 'name' }) title!: string;
}

@Controller('firms')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Firm)
class FirmsController extends CrudController<Firm> {
  get rows(): CrudService<Firm> {
    return this.service;
  }
}

@Controller('checked-firms')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Firm, { dto: { create: FirmDto } })
class CheckedFirmsController extends CrudController<Firm> {}

@Controller('shown-firms')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Firm, { dto: { response: FirmView } })
class ShownFirmsController extends CrudController<Firm> {}

/** Changes rows as a hook does that makes objects of the classes. */
@Injectable()
class Moving implements CrudHooks<Firm> {
  static readonly seen: unknown[] = [];

  beforeUpdate(next: Firm): void {
    const address = new Address();
    address.city = 'Ulm';
    // All others are as the class makes them.
    Object.assign(address, { country: undefined });
    next.address = address;
  }
  afterUpdate(_: Firm, { changes }: { readonly changes: Partial<Firm> }): void {
    Moving.seen.push(changes);
  }
}

@Controller('moving-firms')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Firm, { hooks: [Moving] })
class MovingFirmsController extends CrudController<Firm> {}

describe.each(places)('objects of classes with class fields, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Firm, Depot],
      controllers: [FirmsController, CheckedFirmsController, ShownFirmsController, MovingFirmsController],
      providers: [Moving],
    });
  });
  afterAll(() => world?.close());

  const send = (method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown): Promise<Answer> =>
    world.transport.send({
      method,
      url,
      headers: { 'x-user': '1', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const inScope = <R>(fn: () => Promise<R>): Promise<R> => world.tenancy.run({ organizationId: 1 }, fn);
  const service = (): CrudService<Firm> => world.app.get(FirmsController).rows;
  const stored = (id: number): Promise<Firm> =>
    inScope(() =>
      world.dataSource
        .getRepository(Firm)
        .createQueryBuilder('firm')
        .addSelect('firm.address.position.hint')
        .where({ id })
        .getOneOrFail(),
    );
  const full = { city: 'Berlin', country: 'FR', position: { north: 1, east: 2, hint: 'left' } };
  const firm = async (): Promise<number> => {
    const row = { name: 'a', kind: 'old', address: full } as Firm;
    const { identifiers } = await inScope(() => world.dataSource.getRepository(Firm).insert(row));
    return identifiers[0]['id'] as number;
  };

  it.each(['/firms', '/checked-firms'])('PATCH of %s keeps what embedded objects do not mention', async (path) => {
    const id = await firm();
    expect((await send('PATCH', `${path}/${id}`, { address: { country: 'US' } })).status).toBe(200);
    expect((await stored(id)).address).toEqual({ ...full, country: 'US' });
    expect((await send('PATCH', `${path}/${id}`, { address: { position: { north: 9 } } })).status).toBe(200);
    expect((await stored(id)).address).toEqual({
      ...full,
      country: 'US',
      position: { ...full.position, north: 9 },
    });
  });

  it.each(['/firms', '/checked-firms'])('PUT of %s resets what an object leaves out', async (path) => {
    const id = await firm();
    expect((await send('PUT', `${path}/${id}`, { name: 'b', address: { country: 'US' } })).status).toBe(200);
    const row = await stored(id);
    expect(row).toMatchObject({ name: 'b', kind: 'plain' });
    expect(row.address).toMatchObject({ city: null, country: 'US', position: { north: null, east: 7 } });
  });

  it('service.update leaves alone what an instance has as undefined', async () => {
    const id = await firm();
    const change = new Firm();
    change.name = 'c';
    change.address = Object.assign(new Address(), { city: 'Ulm', country: undefined });
    await inScope(() => service().update(id, change as never));
    const row = await stored(id);
    expect(row).toMatchObject({ name: 'c', kind: 'old', depotId: null });
    expect(row.address).toEqual({ ...full, city: 'Ulm' });
  });

  it('service.createMany gives what instances have as undefined its default', async () => {
    const drafts = ['d', 'e'].map((name) => Object.assign(new Firm(), { name, address: new Address() }));
    const rows = await inScope(() => service().createMany(drafts as never));
    for (const { id } of rows) {
      expect((await stored(id)).address).toMatchObject({ city: null, country: 'DE' });
      expect((await stored(id)).kind).toBe('plain');
    }
  });

  it('a hook that puts a new object in place of an embedded one changes what it gives a value', async () => {
    const id = await firm();
    Moving.seen.length = 0;
    expect((await send('PATCH', `/moving-firms/${id}`, { name: 'f' })).status).toBe(200);
    const row = await stored(id);
    expect(row).toMatchObject({ name: 'f', kind: 'old' });
    expect(row.address).toEqual({ ...full, city: 'Ulm' });
    expect(Moving.seen).toHaveLength(1);
  });

  it('repository.update and update query builders leave alone what embedded instances have as undefined', async () => {
    const id = await firm();
    const address = Object.assign(new Address(), { country: undefined, city: 'Ulm' });
    await inScope(() => world.dataSource.getRepository(Firm).update(id, { address }));
    expect((await stored(id)).address).toEqual({ ...full, city: 'Ulm' });
    const position = Object.assign(new Position(), { east: undefined, north: 5 });
    await inScope(() =>
      world.dataSource.createQueryBuilder().update(Firm).set({ address: { position } }).where({ id }).execute(),
    );
    expect((await stored(id)).address).toEqual({ ...full, city: 'Ulm', position: { ...full.position, north: 5 } });
  });

  it('repository.save keeps what a loaded row has, and takes the parts of a related row that are given', async () => {
    const id = await firm();
    const depot = await inScope(() => world.dataSource.getRepository(Depot).save({ name: 'x' } as Depot));
    await inScope(async () => {
      const row = await world.dataSource.getRepository(Firm).findOneByOrFail({ id });
      row.depot = Object.assign(new Depot(), { id: depot.id });
      await world.dataSource.getRepository(Firm).save(row);
    });
    expect(await stored(id)).toMatchObject({ name: 'a', kind: 'old', depotId: depot.id, address: full });
    expect(await inScope(() => world.dataSource.getRepository(Depot).findOneBy({ id: depot.id }))).toMatchObject({
      name: 'x',
    });
  });

  it('a response DTO reads a column whose name an empty property of the entity has', async () => {
    const id = await firm();
    expect(JSON.parse((await send('GET', `/shown-firms/${id}`)).text)).toEqual({ id, name: 'a' });
    const { items } = JSON.parse((await send('GET', '/shown-firms')).text) as { items: { name?: string }[] };
    expect(items.every(({ name }) => name !== undefined)).toBe(true);
  });
});
