import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { ApiParam, ApiProperty, ApiTags, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Expose, Transform } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, MuckConfigurationError, TenantScoped } from 'nestjs-muck';
import { createResourceDocument, describeResources } from 'nestjs-muck/openapi';
import type { JsonSchema, ResourceDocument } from 'nestjs-muck/openapi';
import { Column, Entity, JoinTable, ManyToMany, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import request from 'supertest';
import { adaptersToTest } from '../../support/adapters.js';
import { openCrudDesk, Tag, TestGuard } from '../../support/crud-desk.js';
import type { Desk } from '../../support/crud-desk.js';
import { Contract } from './contract.js';

const SIZES = ['small', 'large'] as const;
const COLORS = ['red', 'green'] as const;

@Entity({ comment: 'What is sent.' })
@TenantScoped()
class Parcel {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ comment: 'What is on the label.' }) label!: string;
  @ApiProperty({ enum: SIZES, enumName: 'ParcelSize', description: 'How large it is.' })
  @Column({ type: 'simple-enum', enum: SIZES, nullable: true })
  size!: string | null;
  @Column({ type: 'simple-enum', enum: COLORS, default: 'red' }) color!: string;
  @ApiProperty({ description: 'When it was sent.', example: '2026-03-01T08:00:00Z' })
  @Column({ type: Date, nullable: true })
  sentAt!: Date | null;
  @ManyToMany(() => Tag) @JoinTable() tags!: Relation<Tag>[];
}

class ParcelDto {
  @ApiProperty({ example: 'Anvils', maxLength: 30 }) @IsString() label!: string;
  @IsOptional() @IsIn(SIZES) size?: string | null;
  @IsOptional() @IsArray() @IsInt({ each: true }) tags?: number[];
}

class ParcelView {
  @Expose() id!: number;
  @Expose() label!: string;
  @Expose() size!: string | null;
  @ApiProperty({ type: 'integer', description: 'The length of the label.' })
  @Expose({ name: 'length' })
  @Transform(({ obj }: { obj: Parcel }) => obj.label.length)
  labelLength!: number;
}

@ApiTags('Shipping')
@ApiParam({ name: 'id', example: 42, description: 'The number on the parcel.' })
@Controller('parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel, { dto: { create: ParcelDto } })
class ParcelsController extends CrudController<Parcel> {}

@Controller('shown-parcels')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Parcel, { only: ['findAll'], dto: { response: ParcelView } })
class ShownParcelsController extends CrudController<Parcel> {}

describe.each(adaptersToTest())('the words and types of the document, on %s', (adapter) => {
  let desk: Desk;
  let document: ResourceDocument;
  let contract: Contract;

  beforeAll(async () => {
    desk = await openCrudDesk([ParcelsController, ShownParcelsController], { adapter, entities: [Parcel] });
    document = createResourceDocument(desk.app, { title: 'Desk', version: '1' });
    contract = new Contract(document);
  });
  afterAll(() => desk?.close());

  const send = (path: string) => request(desk.app.getHttpServer()).get(path).set('x-user', '1');
  const property = (schema: string, name: string): JsonSchema => document.components.schemas[schema].properties![name];
  const parameter = (name: string) =>
    contract.operation('get', '/parcels').operation.parameters.find((one) => one.name === name);

  it('a list of integers is described as integers, though the relation also reads objects with keys', () => {
    expect(property('ParcelDto', 'tags')).toEqual({ type: 'array', items: { type: 'integer' }, maxItems: 100 });
  });

  it('an enum has its type, in rows, bodies and parameters', () => {
    expect(property('Parcel', 'color')).toEqual({ type: 'string', enum: ['red', 'green'] });
    expect(parameter('color')?.schema).toEqual({ type: 'string', enum: ['red', 'green'] });
    expect(parameter('color__in')?.schema).toMatchObject({ items: { type: 'string', enum: ['red', 'green'] } });
  });

  it('an enum that @ApiProperty() names is a schema of that name wherever its values are', () => {
    const $ref = '#/components/schemas/ParcelSize';
    expect(document.components.schemas['ParcelSize']).toEqual({ type: 'string', enum: ['small', 'large'] });
    expect(property('Parcel', 'size')).toEqual({
      description: 'How large it is.',
      anyOf: [{ $ref }, { type: 'null' }],
    });
    expect(property('ParcelDto', 'size')).toMatchObject({ anyOf: [{ $ref }, { type: 'null' }] });
    expect(parameter('size')?.schema).toEqual({ $ref });
    expect(parameter('size__in')?.schema).toMatchObject({ items: { $ref } });
  });

  it('an option names enums by their values', () => {
    const named = createResourceDocument(desk.app, { title: 'Desk', version: '1' }, { enums: { Color: COLORS } });
    expect(named.components.schemas['Color']).toEqual({ type: 'string', enum: ['red', 'green'] });
    expect(named.components.schemas['Parcel'].properties).toMatchObject({
      color: { $ref: '#/components/schemas/Color' },
    });
  });

  it('an enum with the name of a schema is an error', () => {
    const describeIt = () =>
      createResourceDocument(desk.app, { title: 'Desk', version: '1' }, { enums: { Parcel: COLORS } });
    expect(describeIt).toThrow(MuckConfigurationError);
    expect(describeIt).toThrow("The enum 'Parcel' has the name of another schema");
  });

  it('comments of columns and tables and words of @ApiProperty() describe rows and bodies', () => {
    expect(property('Parcel', 'label')).toMatchObject({ description: 'What is on the label.' });
    expect(property('Parcel', 'sentAt')).toMatchObject({
      description: 'When it was sent.',
      examples: ['2026-03-01T08:00:00Z'],
      type: ['string', 'null'],
    });
    expect(property('ParcelDto', 'label')).toEqual({
      type: 'string',
      maxLength: 30,
      description: 'What is on the label.',
      examples: ['Anvils'],
    });
    expect(property('ParcelView', 'length')).toEqual({ type: 'integer', description: 'The length of the label.' });
  });

  it('tags are declared: those of @ApiTags(), otherwise one for each controller', () => {
    expect(document.tags).toEqual([
      { name: 'Shipping', description: 'What is sent.' },
      { name: 'ShownParcels', description: 'What is sent.' },
    ]);
    expect(contract.operation('get', '/parcels').operation.tags).toEqual(['Shipping']);
  });

  it('operations have a summary, bodies an example', () => {
    for (const { operation } of contract.operations()) {
      expect(operation.summary).toEqual(expect.any(String));
      const { example } = operation.requestBody?.content['application/json'] ?? { example: {} };
      expect(example).toEqual(expect.any(Object));
    }
    const body = contract.operation('post', '/parcels').operation.requestBody?.content['application/json'];
    expect(body?.example).toEqual({ label: 'Anvils', size: 'small', tags: [] });
  });

  it('filters is a text of JSON with an example', async () => {
    expect(parameter('filters')).toMatchObject({
      schema: {
        type: 'string',
        contentMediaType: 'application/json',
        contentSchema: { $ref: '#/components/schemas/ParcelFilters' },
      },
      example: '{"size":"small"}',
    });
    await send(`/parcels?filters=${encodeURIComponent(String(parameter('filters')?.example))}`).expect(200);
  });

  it.each([
    '2026-01-31',
    '2026-01-31T10:30',
    '2026-01-31 10:30:00',
    '2026-01-31t10:30:00.123456z',
    '2026-01-31T10:30:00+0100',
    '2026-01-31T10:30:00-05:30',
  ])('the time %s fits the schema of a comparison, and the list takes it', async (text) => {
    expect(contract.fits(parameter('sentAt__gte')!.schema!, text)).toBe(true);
    expect(contract.fits(parameter('filters')!.schema!.contentSchema!, { sentAt__gte: text })).toBe(true);
    await send(`/parcels?sentAt__gte=${encodeURIComponent(text)}`).expect(200);
    await send(`/parcels?filters=${encodeURIComponent(JSON.stringify({ sentAt__gte: text }))}`).expect(200);
  });

  it.each(['yesterday', '31.01.2026', '2026-01-31T10'])('the time %s neither fits nor is taken', async (text) => {
    expect(contract.fits(parameter('sentAt__gte')!.schema!, text)).toBe(false);
    await send(`/parcels?sentAt__gte=${encodeURIComponent(text)}`).expect(400);
  });

  it('lists of values are repeated parameters, lists of names are separated by commas', async () => {
    expect(parameter('color__in')).toMatchObject({ style: 'form', explode: true });
    expect(parameter('sort')).toMatchObject({ style: 'form', explode: false });
    await send('/parcels?color__in=red&color__in=green&sort=label,-id&fields=id,label').expect(200);
  });

  it('503 is one shared response of all operations, with Retry-After', () => {
    const responses = Object.values(document.paths)
      .flatMap((item) => Object.values(item))
      .map((operation) => operation.responses['503']);
    expect(new Set(responses.map((response) => JSON.stringify(response)))).toEqual(
      new Set(['{"$ref":"#/components/responses/ServiceUnavailable"}']),
    );
    expect(document.components.responses['ServiceUnavailable'].headers).toHaveProperty('Retry-After');
  });

  it('words of @ApiParam() are added to the parameter, whose type is that of the key', () => {
    const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
    const described = new Contract(describeResources(desk.app, SwaggerModule.createDocument(desk.app, config)));
    const { parameters, tags } = described.operation('get', '/parcels/{id}').operation;
    expect(parameters.find(({ name }) => name === 'id')).toEqual({
      name: 'id',
      in: 'path',
      required: true,
      schema: { type: 'integer' },
      example: 42,
      description: 'The number on the parcel.',
    });
    expect(tags).toEqual(['Shipping']);
  });
});
