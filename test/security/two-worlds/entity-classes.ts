import { Controller, Injectable, type Type } from '@nestjs/common';
import { Exclude } from 'class-transformer';
import { IsArray, IsOptional } from 'class-validator';
import { Crud, CrudController, scoped, shared, TenantScoped, TenantShared } from 'nestjs-muck';
import type { EntityTenancyEntry } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  ForeignKey,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  RelationId,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  UpdateDateColumn,
  VersionColumn,
  ViewColumn,
  ViewEntity,
  VirtualColumn,
} from 'typeorm';
import type { ColumnOptions, DataSource, EntityManager, JoinColumnOptions } from 'typeorm';
import { columnsOf, entityOf, givenKeyOf, isSingle, keysOf, pathOf, relationsOf, rootOf } from './model.js';
import type { ColumnModel, EntityModel, Model, RelationModel, SqlType, TenantColumn } from './model.js';
import { optionsOf, pathOfResource } from './resources.js';

type Row = Record<string, unknown>;
type Class = Type<Row>;

/** The classes that a model is made of, as an application would have written them. */
export interface ModelClasses {
  readonly entities: ReadonlyMap<string, Class>;
  readonly controllers: readonly Type[];
  readonly providers: readonly Type[];
  /** What `forRoot({ entities })` declares. */
  readonly listed: readonly EntityTenancyEntry[];
}

/** Makes classes of a model, and decorates them. Each call makes other classes. */
export function makeClasses(model: Model): ModelClasses {
  return new ClassMaker(model).make();
}

class ClassMaker {
  private readonly entities = new Map<string, Class>();
  private readonly listed: EntityTenancyEntry[] = [];
  private readonly providers: Type[] = [];

  constructor(private readonly model: Model) {}

  make(): ModelClasses {
    const { model } = this;
    for (const entity of model.entities) this.entities.set(entity.name, this.newClass(entity));
    for (const entity of model.entities) this.decorate(entity);
    const controllers = model.entities.filter(({ resource }) => resource).map((entity) => this.controller(entity));
    return { entities: this.entities, controllers, providers: this.providers, listed: this.listed };
  }

  private classOf(name: string): Class {
    return this.entities.get(name)!;
  }

  private newClass(entity: EntityModel): Class {
    if (entity.kind === 'child') return this.classWith(entity.name, this.fieldsOf(entity), this.classOf(entity.of!));
    if (entity.declared !== 'base') return this.classWith(entity.name, this.fieldsOf(entity));
    const base = this.classWith(`${entity.name}Base`, []);
    this.ownerColumns(entity, base);
    TenantScoped(scopedOptions(this.model, entity))(base);
    return this.classWith(entity.name, this.fieldsOf(entity), base);
  }

  private fieldsOf(entity: EntityModel): string[] {
    const within = entity.columns.map((column) => column.within ?? column.property);
    return [...new Set([...within, ...entity.relations.map(({ property }) => property)])];
  }

  private classWith(name: string, fields: readonly string[], base?: Class): Class {
    const { definesFields } = this.model;
    const define = (row: object): void => {
      if (!definesFields) return;
      for (const field of fields)
        Object.defineProperty(row, field, { value: undefined, writable: true, enumerable: true, configurable: true });
    };
    const made =
      base === undefined
        ? class {
            constructor() {
              define(this);
            }
          }
        : class extends base {
            constructor() {
              super();
              define(this);
            }
          };
    Object.defineProperty(made, 'name', { value: name });
    return made as Class;
  }

  private decorate(entity: EntityModel): void {
    const type = this.classOf(entity.name);
    if (entity.kind === 'view') {
      this.decorateView(entity, type);
      return;
    }
    if (entity.kind === 'child') {
      ChildEntity()(type);
    } else {
      Entity({ ...(entity.schema && { schema: entity.schema }) })(type);
      if (entity.kind === 'root') TableInheritance({ column: { type: 'varchar', name: 'kind' } })(type);
      this.key(entity, type);
      if (entity.declared !== 'base') this.ownerColumns(entity, type);
      this.declare(entity, type);
      this.marks(entity, type);
      for (const unique of entity.uniques) this.unique(entity, type, unique);
    }
    this.columns(entity.columns, type);
    for (const relation of entity.relations) this.relation(entity, type, relation);
  }

  private decorateView(entity: EntityModel, type: Class): void {
    const shown = this.classOf(entity.of!);
    const names = ['id', 'name', ...tenantColumnsOf(entity).map(pathOf)];
    ViewEntity({
      expression: (dataSource: DataSource) => {
        const builder = dataSource.createQueryBuilder().from(shown, 'e');
        names.forEach((name, i) =>
          i === 0 ? builder.select(`e.${name}`, name) : builder.addSelect(`e.${name}`, name.split('.').at(-1)),
        );
        return builder;
      },
    })(type);
    PrimaryColumn(this.keyType(entity))(type.prototype as object, 'id');
    designType(type.prototype as object, 'name', String);
    ViewColumn()(type.prototype as object, 'name');
    for (const { property } of tenantColumnsOf(entity)) ViewColumn()(type.prototype as object, property);
    const columns = Object.fromEntries(
      Object.entries(entity.owner.kind === 'own' ? entity.owner.columns : {}).map(([key, { property }]) => [
        key,
        property,
      ]),
    );
    TenantScoped({ ...scopedOptions(this.model, entity), columns })(type);
  }

  private key(entity: EntityModel, type: Class): void {
    const target = type.prototype as object;
    designType(
      target,
      'id',
      entity.key === 'increment' || entity.key === 'number' || entity.key === 'tenant' ? Number : String,
    );
    switch (entity.key) {
      case 'increment':
        return PrimaryGeneratedColumn()(target, 'id');
      case 'uuid':
        // MariaDB makes UUIDs that no two databases have alike: the application makes them there.
        if (this.model.engine === 'mariadb') return PrimaryColumn({ type: 'uuid' })(target, 'id');
        return PrimaryGeneratedColumn('uuid')(target, 'id');
      case 'text':
      case 'number':
      case 'tenant':
        return PrimaryColumn(this.keyType(entity))(target, 'id');
      case 'parts':
        designType(target, 'part', String);
        designType(target, 'number', Number);
        PrimaryColumn({ type: 'varchar', length: 40 })(target, 'part');
        PrimaryColumn({ type: 'int' })(target, 'number');
    }
  }

  private keyType({ key }: EntityModel): ColumnOptions & { nullable?: false } {
    if (key === 'uuid') return { type: 'uuid' };
    return key === 'text' ? { type: 'varchar', length: 40 } : { type: 'int' };
  }

  private ownerColumns(entity: EntityModel, type: Class): void {
    const { owner, key } = entity;
    if (owner.kind !== 'own') return;
    const embedded = new Map<string, Class>();
    for (const [scopeKey, column] of Object.entries(owner.columns)) {
      const target =
        column.within === undefined ? type : this.embedded(embedded, type, column.within, `${entity.name}Owner`);
      const options: ColumnOptions = {
        ...this.sqlOptions(column.type),
        ...(column.name && { name: column.name }),
        ...(owner.nullMeans && { nullable: true }),
      };
      designType(target.prototype as object, column.property, owner.nullMeans ? Object : this.designOf(scopeKey));
      const decorator = key === 'tenant' ? PrimaryColumn(options as object) : Column(options);
      decorator(target.prototype as object, column.property);
    }
    if (owner.decoy) {
      const { type: sqlType } = owner.columns['organizationId'];
      designType(type.prototype as object, 'organizationId', Object);
      const party = this.model.tenants.globex['organizationId'];
      const isText = this.model.scope === 'text';
      Column({ ...this.sqlOptions(sqlType), default: isText ? party : () => party })(
        type.prototype as object,
        'organizationId',
      );
    }
  }

  private designOf(scopeKey: string): DesignType {
    const { scope } = this.model;
    if (scope === 'bigint') return Object;
    return scope === 'number' || (scope === 'pair' && scopeKey === 'organizationId') ? Number : String;
  }

  private sqlOptions({ type, length, precision, scale, collation }: SqlType): ColumnOptions {
    return {
      type: type as 'int',
      ...(length !== undefined && { length }),
      ...(precision !== undefined && { precision, scale }),
      ...(collation !== undefined && { collation }),
    };
  }

  private embedded(known: Map<string, Class>, type: Class, property: string, name: string): Class {
    let embedded = known.get(property);
    if (embedded === undefined) {
      known.set(property, (embedded = this.classWith(name, [])));
      const part = embedded;
      designType(type.prototype as object, property, part);
      Column(() => part)(type.prototype as object, property);
    }
    return embedded;
  }

  private declare(entity: EntityModel, type: Class): void {
    const { owner, declared } = entity;
    if (declared === 'base' || declared === 'controller') return;
    if (owner.kind === 'shared') {
      if (declared === 'list') this.listed.push(shared(type, 'the same for all'));
      else TenantShared('the same for all')(type);
    } else if (declared === 'list') this.listed.push(scoped(type, scopedOptions(this.model, entity)));
    else TenantScoped(scopedOptions(this.model, entity))(type);
  }

  private marks(entity: EntityModel, type: Class): void {
    const target = type.prototype as object;
    if (entity.version) VersionColumn()(target, 'version');
    if (entity.softDelete) DeleteDateColumn()(target, 'deletedAt');
    if (entity.instants) {
      designType(target, 'updatedAt', Date);
      UpdateDateColumn()(target, 'updatedAt');
    }
    if (entity.tree === undefined) return;
    Tree(entity.tree)(type);
    designType(target, 'above', Object);
    TreeParent()(target, 'above');
    designType(target, 'below', Array);
    TreeChildren()(target, 'below');
  }

  private unique(entity: EntityModel, type: Class, { properties, partial }: EntityModel['uniques'][number]): void {
    const all = [...tenantColumnsOf(entity).map(pathOf), ...properties];
    if (!partial) {
      Unique(all)(type);
      return;
    }
    const amount = entity.columns.find(({ property }) => property === 'amount')!;
    Index(all, { unique: true, where: `"${amount.name ?? 'amount'}" IS NOT NULL` })(type);
  }

  private columns(columns: readonly ColumnModel[], type: Class): void {
    const embedded = new Map<string, Class>();
    for (const column of columns) {
      const { property, within, nullable, kind, hidden, transformed, name } = column;
      const target = (within === undefined ? type : this.embedded(embedded, type, within, `${type.name}Address`))
        .prototype as object;
      const designs = { text: String, number: Number, decimal: String, flag: Boolean, json: Object, virtual: Number };
      designType(target, property, nullable ? Object : designs[kind]);
      if (hidden === 'exclude') Exclude()(target, property);
      if (kind === 'virtual') {
        const amount = columns.find((one) => one.property === 'amount')!;
        const quote = this.model.engine === 'mariadb' ? '`' : '"';
        const escaped = `${quote}${amount.name ?? 'amount'}${quote}`;
        VirtualColumn({ type: 'int', query: (alias) => `${alias}.${escaped} * 2` })(target, property);
        continue;
      }
      const types: Record<Exclude<typeof kind, 'virtual'>, ColumnOptions> = {
        text: { type: 'varchar', length: 60 },
        number: { type: 'int' },
        decimal: { type: 'decimal', precision: 10, scale: 2 },
        flag: { type: 'boolean' },
        json: { type: 'simple-json' },
      };
      Column({
        ...types[kind],
        ...(nullable && { nullable: true }),
        ...(name && { name }),
        ...(hidden === 'select' && { select: false }),
        ...(transformed && { transformer: MARKED }),
      })(target, property);
    }
  }

  private relation(entity: EntityModel, type: Class, relation: RelationModel): void {
    const { property, kind, inverse, nullable, onDelete, onUpdate, column, ids, eager, cascade } = relation;
    const target = type.prototype as object;
    const far = this.classOf(relation.target);
    const farModel = entityOf(this.model, relation.target);
    const toFar = (): Class => far;
    const toNear = (): Class => type;
    const back = (row: Row): unknown => row[inverse!];
    const forth = (row: Row): unknown => row[property];
    const rules = { ...(onDelete && { onDelete }), ...(onUpdate && { onUpdate }) };
    const options = { ...rules, ...(eager && { eager }), ...(cascade && { cascade }), nullable: nullable === true };
    if (kind === 'foreign-key') {
      designType(target, property, Object);
      Column({ ...this.keyType(rootOf(this.model, farModel)), nullable: true })(target, property);
      ForeignKey(toFar, rules)(target, property);
      return;
    }
    designType(target, property, kind === 'many-to-many' ? Array : Object);
    const decorators = { 'many-to-one': ManyToOne, 'one-to-one': OneToOne, 'many-to-many': ManyToMany };
    const decorator = decorators[kind] as typeof ManyToOne;
    const { nullable: _nullable, ...linkOptions } = options;
    const given = kind === 'many-to-many' ? linkOptions : options;
    if (inverse === undefined) decorator(toFar, given)(target, property);
    else decorator(toFar, back, given)(target, property);
    if (kind === 'many-to-many') JoinTable()(target, property);
    else {
      const join = this.joinColumns(entity, relation, farModel);
      if (join !== undefined) JoinColumn(join as JoinColumnOptions)(target, property);
      else if (kind === 'one-to-one') JoinColumn()(target, property);
    }
    if (column !== undefined) {
      designType(
        target,
        column,
        nullable ? Object : rootOf(this.model, farModel).key === 'increment' ? Number : String,
      );
      Column({ ...this.keyType(rootOf(this.model, farModel)), nullable: nullable === true })(target, column);
    }
    if (ids !== undefined) RelationId((row: Row) => row[property])(target, ids);
    if (inverse === undefined) return;
    const farPrototype = far.prototype as object;
    designType(farPrototype, inverse, kind === 'one-to-one' ? Object : Array);
    if (kind === 'many-to-one') OneToMany(toNear, forth)(farPrototype, inverse);
    else if (kind === 'one-to-one') OneToOne(toNear, forth)(farPrototype, inverse);
    else ManyToMany(toNear, forth)(farPrototype, inverse);
  }

  /** The columns of a reference: one of its own name, or with the tenant's column in it where both keys hold the tenant. */
  private joinColumns(
    entity: EntityModel,
    { property, column }: RelationModel,
    far: EntityModel,
  ): JoinColumnOptions | JoinColumnOptions[] | undefined {
    if (column !== undefined) return { name: column };
    if (far.key !== 'tenant' || far.owner.kind !== 'own') return undefined;
    const near = rootOf(this.model, entity).owner;
    if (near.kind !== 'own' || near.nullMeans) return undefined;
    const shares = Object.entries(far.owner.columns).map(([key, to]) => ({ to, from: near.columns[key] }));
    const isAlike = shares.every(
      ({ from, to }) => from?.within === undefined && JSON.stringify(from?.type) === JSON.stringify(to.type),
    );
    if (!isAlike) return undefined;
    return [
      { name: `${property}Id`, referencedColumnName: 'id' },
      ...shares.map(({ from, to }) => ({ name: from.name ?? from.property, referencedColumnName: to.property })),
    ];
  }

  private controller(entity: EntityModel): Type {
    const { model } = this;
    const type = this.classOf(entity.name);
    const controller = class extends CrudController<Row> {};
    Object.defineProperty(controller, 'name', { value: `${entity.name}Controller` });
    const options = optionsOf(model, entity) as object;
    const hooks = entity.resource?.hooks ? [this.hooks(entity, type)] : [];
    const dto = entity.resource?.dto ? { create: this.dto(entity) } : undefined;
    Crud(type, { ...options, ...(dto && { dto }), ...(hooks.length > 0 && { hooks }) })(controller as never);
    TenantScoped()(controller);
    Controller(pathOfResource(model, entity))(controller);
    return controller as Type;
  }

  /** Hooks that read and count with the manager of the write, and store what they have found. */
  private hooks(entity: EntityModel, type: Class): Type {
    const counts = columnsOf(this.model, entity).some(({ property }) => property === 'amount');
    const hooks = class {
      async beforeCreate(row: Row, { manager }: { manager: EntityManager }): Promise<void> {
        const count = await manager.count(type);
        if (counts) row['amount'] = count;
      }
      async afterUpdate(_row: Row, { manager }: { manager: EntityManager }): Promise<void> {
        await manager.createQueryBuilder(type, 'one').getMany();
      }
    };
    Object.defineProperty(hooks, 'name', { value: `${entity.name}Hooks` });
    Injectable()(hooks);
    this.providers.push(hooks);
    return hooks;
  }

  private dto(entity: EntityModel): Class {
    const dto = this.classWith(`${entity.name}Dto`, []);
    const { model } = this;
    const columns = columnsOf(model, entity).filter(({ kind, hidden }) => kind !== 'virtual' && hidden === undefined);
    const properties = new Set(columns.map(({ within, property }) => within ?? property));
    for (const { property, column, kind, target } of relationsOf(model, entity)) {
      if (kind === 'many-to-many') {
        IsArray()(dto.prototype as object, property);
        properties.add(property);
      } else if (isSingle(rootOf(model, entityOf(model, target)))) properties.add(column ?? property);
    }
    const root = rootOf(model, entity);
    for (const part of givenKeyOf(model, root)) properties.add(part);
    for (const property of properties) IsOptional()(dto.prototype as object, property);
    return dto;
  }
}

/** A transformer that stores a text in another form. */
const MARKED = {
  to: (value: unknown): unknown => (typeof value === 'string' ? `~${value}` : value),
  from: (value: unknown): unknown => (typeof value === 'string' && value.startsWith('~') ? value.slice(1) : value),
};

function tenantColumnsOf({ owner }: EntityModel): readonly TenantColumn[] {
  return owner.kind === 'own' ? Object.values(owner.columns) : [];
}

/** The options of `@TenantScoped()` on an entity. */
function scopedOptions(model: Model, { owner }: EntityModel): object {
  if (owner.kind === 'via') return { via: owner.relation };
  if (owner.kind === 'shared') return {};
  const columns = Object.fromEntries(Object.entries(owner.columns).map(([key, column]) => [key, pathOf(column)]));
  const renamed = Object.entries(columns).some(([key, path]) => key !== path);
  const omit = keysOf(model.scope).filter((key) => !(key in columns));
  return {
    ...(renamed && { columns }),
    ...(omit.length > 0 && { omit }),
    ...(owner.nullMeans && { nullMeans: owner.nullMeans }),
  };
}

/** What TypeScript says of a property to decorators. */
type DesignType = abstract new (...args: never[]) => unknown;

function designType(target: object, property: string, type: DesignType | typeof String): void {
  Reflect.defineMetadata('design:type', type, target, property);
}
