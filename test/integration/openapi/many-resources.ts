import { Controller, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';

interface Row {
  readonly id: number;
}

/** Columns that many applications have, and with what type. */
const COMMON: Readonly<Record<string, readonly [type: unknown, options: ColumnOptions]>> = {
  name: [String, { length: 120 }],
  status: [String, { type: 'simple-enum', enum: ['draft', 'open', 'closed'], default: 'draft' }],
  description: [String, { type: 'text', nullable: true }],
  ownerId: [Number, { type: 'int', nullable: true }],
  position: [Number, { type: 'int', default: 0 }],
  isActive: [Boolean, { default: true }],
  dueAt: [Date, { nullable: true }],
};
/** Columns of which each entity has its own, by the ends of their names. */
const OWN: typeof COMMON = {
  Code: [String, { length: 20 }],
  Title: [String, { length: 200 }],
  Note: [String, { type: 'varchar', nullable: true }],
  Count: [Number, { type: 'int' }],
  Weight: [Number, { type: 'float', nullable: true }],
  Price: [String, { type: 'decimal', precision: 10, scale: 2, nullable: true }],
  Kind: [String, { type: 'simple-enum', enum: ['a', 'b', 'c'] }],
  IsLocked: [Boolean, { default: false }],
  StartsAt: [Date, {}],
};

/** Makes an entity of 20 columns, and its controller. */
function resourceOf(index: number): { readonly entity: Type<Row>; readonly controller: Type } {
  const word = `part${index}`;
  const entity = { [`Part${index}`]: class {} }[`Part${index}`] as Type<Row>;
  const prototype = entity.prototype as object;
  const add = (property: string, type: unknown, decorate: PropertyDecorator): void => {
    Reflect.defineMetadata('design:type', type, prototype, property);
    decorate(prototype, property);
  };
  add('id', Number, PrimaryGeneratedColumn());
  add('organizationId', Number, Column());
  add('createdAt', Date, CreateDateColumn());
  add('updatedAt', Date, UpdateDateColumn());
  for (const [name, [type, options]] of Object.entries(COMMON)) add(name, type, Column(options));
  for (const [name, [type, options]] of Object.entries(OWN)) add(`${word}${name}`, type, Column(options));
  Entity()(entity);
  TenantScoped()(entity);
  const controller = { [`Part${index}Controller`]: class extends CrudController<Row> {} }[`Part${index}Controller`];
  Crud(entity)(controller);
  UseGuards(TestGuard)(controller);
  TenantScoped()(controller);
  Controller(`${word}s`)(controller);
  return { entity, controller };
}

/** Makes as many resources, each with 20 columns, of which 11 are called as those of the others. */
export function manyResources(count: number): { readonly entities: Type[]; readonly controllers: Type[] } {
  const made = Array.from({ length: count }, (_, index) => resourceOf(index + 1));
  return { entities: made.map(({ entity }) => entity), controllers: made.map(({ controller }) => controller) };
}
