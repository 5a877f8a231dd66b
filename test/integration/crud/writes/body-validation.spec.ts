import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsBase64,
  IsDate,
  IsDateString,
  IsDecimal,
  IsDefined,
  IsInt,
  IsISO8601,
  IsMilitaryTime,
  IsNotIn,
  IsNumberString,
  IsOptional,
  IsString,
  Length,
  Min,
  MinDate,
  ValidateNested,
} from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { TestGuard } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';
import { openScopedApplication } from '../../../support/scoped-application.js';
import type { ScopedApplication } from '../../../support/scoped-application.js';

/** Rules on the columns themselves. */
@Entity()
@TenantScoped()
class Reading {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @IsOptional() @IsDateString() @Column({ type: Date, nullable: true }) at!: Date | null;
  @IsOptional() @IsISO8601() @Column({ type: Date, nullable: true }) until!: Date | null;
  @IsOptional() @IsDate() @MinDate(new Date('2020-01-01')) @Column({ type: Date, nullable: true }) made!: Date | null;
  @IsOptional() @IsDecimal() @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true }) price!: string | null;
  @IsOptional() @IsNumberString() @Column({ type: 'bigint', nullable: true }) counter!: string | null;
  @IsOptional() @IsInt() @Min(5) @IsNotIn([7, '7']) @Column({ type: 'bigint', nullable: true }) total!: string | null;
  @IsOptional() @IsMilitaryTime() @Column({ type: 'time', nullable: true }) opens!: string | null;
  @IsOptional() @IsBase64() @Length(4, 8) @Column({ type: 'simple-json', nullable: true }) text!: string | null;
  @IsOptional() @Min(3) @Column({ type: 'int', nullable: true }) level!: number | null;
}

class PlaceDto {
  @IsString() city!: string;
  @IsDefined() @IsString() street!: string;
}
class PatchPersonDto {
  @IsString() @Length(2, 10) name!: string;
  @IsDefined() @IsInt() age!: number;
  @IsOptional() @IsString() nick?: string | null = 'initial';
  @IsOptional() @ValidateNested() @Type(() => PlaceDto) home?: PlaceDto;
}
class Home {
  @Column({ default: '' }) city!: string;
  @Column({ default: '' }) street!: string;
}

@Entity()
@TenantScoped()
class Person {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: 'nn' }) name!: string;
  @Column({ default: 1 }) age!: number;
  @Column({ type: String, nullable: true }) nick!: string | null;
  @Column(() => Home) home!: Home;
}

@Controller('readings')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Reading)
class ReadingsController extends CrudController<Reading> {}

@Controller('persons')
@UseGuards(TestGuard)
@TenantScoped()
@Crud(Person, { dto: { patch: PatchPersonDto } })
class PersonsController extends CrudController<Person> {}

describe.each(places)('rules of bodies, on $adapter and $database', (place) => {
  let world: ScopedApplication;
  beforeAll(async () => {
    world = await openScopedApplication({
      ...place,
      entities: [Reading, Person],
      controllers: [ReadingsController, PersonsController],
    });
  });
  afterAll(() => world?.close());

  const send = async (method: 'POST' | 'PATCH' | 'PUT', url: string, body: unknown) => {
    const { status, text } = await world.transport.send({
      method,
      url,
      headers: { 'x-user': '1', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status, body: JSON.parse(text) as Record<string, unknown> };
  };

  it.each([
    ['@IsDateString() on a date', { at: '2026-01-31T10:00:00Z' }],
    ['@IsISO8601() on a date', { until: '2026-01-31' }],
    ['@IsDecimal() on a decimal', { price: '1.50' }],
    ['@IsNumberString() on a 64-bit integer', { counter: '12' }],
    ['@IsInt() and @Min() on a 64-bit integer', { total: 12 }],
    ['@IsMilitaryTime() on a time', { opens: '23:59' }],
    ['@IsBase64() on stored JSON', { text: 'YWJj' }],
    ['@IsDate() and @MinDate() on a date', { made: '2026-01-31T10:00:00Z' }],
    ['@Min() on a number', { level: 3 }],
  ])('%s of an entity takes a value that meets it', async (_, body) => {
    const made = await send('POST', '/readings', body);
    expect([made.status, made.body['message']]).toEqual([201, undefined]);
    expect((await send('PATCH', `/readings/${String(made.body['id'])}`, body)).status).toBe(200);
    expect((await send('PUT', `/readings/${String(made.body['id'])}`, body)).status).toBe(200);
  });

  it.each([
    ['@IsDecimal()', { price: 1.5 }, 'price is not a valid decimal number'],
    ['@Min()', { total: 4 }, 'total must not be less than 5'],
    ['@IsNotIn()', { total: 7 }, 'total should not be one of the following values: 7, 7'],
    ['@IsInt()', { total: '12' }, 'total must be an integer number'],
    ['@Length()', { text: 'YWJjYWJjYWJj' }, 'text must be shorter than or equal to 8 characters'],
    ['@MinDate()', { made: '2019-01-01T00:00:00Z' }, 'minimal allowed date for made is'],
    ['@Min() on a number', { level: 2 }, 'level must not be less than 3'],
  ])('%s of an entity refuses a value that does not meet it', async (_, body, message) => {
    const made = await send('POST', '/readings', body);
    expect(made.status).toBe(400);
    expect(String(made.body['message'])).toContain(message);
  });

  it('a value that does not fit its column is told once, by its column', async () => {
    const made = await send('POST', '/readings', { at: 'yesterday' });
    expect(made.body['message']).toEqual(['at must be a date and time like 2026-01-31T23:59:59Z']);
  });

  it('a patch DTO demands none of its properties, @IsDefined() included, and initial values stay away', async () => {
    const made = await send('POST', '/persons', { name: 'ann', age: 3, nick: 'a', home: { city: 'x', street: 'y' } });
    const path = `/persons/${String(made.body['id'])}`;
    expect(await send('PATCH', path, { name: 'bob' })).toEqual({ status: 200, body: { ...made.body, name: 'bob' } });
    const { status, body } = await send('PATCH', path, { home: { city: 'z' } });
    expect([status, body['home']]).toEqual([200, { city: 'z', street: 'y' }]);
    expect((await send('PATCH', path, {})).status).toBe(200);
  });

  it.each([
    [{ name: 'b' }, 'name must be longer than or equal to 2 characters'],
    [{ name: null }, 'name must be a string'],
    [{ age: null }, 'age should not be null or undefined'],
    [{ home: { city: 1 } }, 'home.city must be a string'],
  ])('a patch DTO refuses %j', async (sent, message) => {
    const made = await send('POST', '/persons', { name: 'ann' });
    const { status, body } = await send('PATCH', `/persons/${String(made.body['id'])}`, sent);
    expect(status).toBe(400);
    expect(body['message']).toContain(message);
  });
});
