import { IsArray, IsBoolean, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { TenantScoped } from 'nestjs-muck';
import {
  AfterLoad,
  BeforeInsert,
  ChildEntity,
  Column,
  EventSubscriber,
  TableInheritance,
  Unique,
  VersionColumn,
  VirtualColumn,
} from 'typeorm';
import type { EntitySubscriberInterface, InsertEvent } from 'typeorm';
import { ClassMaker } from './class-maker.js';
import { addressed } from './core.js';
import { column, type Key, lowerCase, type Model, numeric, ON_DELETE, type Owner, softDeleted } from './model.js';

/** The parts of the business that have the same kinds of entities, each in other shapes. */
export const MODULES = [
  'Payroll',
  'Invoice',
  'Expense',
  'Project',
  'Task',
  'Candidate',
  'Catalog',
  'Warehouse',
  'Deal',
  'Goal',
  'TimeOff',
  'Equipment',
] as const;

/** The end of names that are sixty characters long, with the module's name in front. */
const LONG_NAME = 'OrganizationProjectEstimationApprovalConfigurationEntries';

/** An entity of a module whose name is as long as names get. */
export function longNameOf(module: string): string {
  return `${module}${LONG_NAME}`.slice(0, 54);
}

/** Declares the entities of every module. The number of the module decides which of the shapes each one takes. */
export function declareModules(model: Model): void {
  MODULES.forEach((module, m) => {
    declareCategory(model, module, m);
    declarePolicy(model, module, m);
    declareTemplate(model, module, m);
    declareItem(model, module, m);
    declareRequest(model, module, m);
    declareApproval(model, module);
    declareComment(model, module, m);
    declareDocument(model, module, m);
    declareSetting(model, module, m);
    declareHistory(model, module, m);
    declareLongName(model, module, m);
  });
}

function keyOf(m: number): Key {
  return m % 3 === 1 ? 'increment' : 'uuid';
}

function designOf(key: Key): unknown {
  return key === 'increment' ? Number : String;
}

/** Categories, in half of the modules shared, that refer to each other. */
function declareCategory(model: Model, module: string, m: number): void {
  const owner: Owner = m % 4 === 3 ? 'shared' : 'organization';
  const unique = owner === 'shared' ? Unique(['name']) : Unique(['tenantId', 'name']);
  const key = keyOf(m);
  const maker = model.entity(`${module}Category`, owner, key, unique);
  column(maker, 'name', String, { type: 'varchar', length: 80 });
  column(maker, 'position', Number, { type: 'smallint', default: 0 });
  column(maker, 'description', String, { type: 'text', nullable: true });
  model.belongsTo(maker, 'parent', `${module}Category`, {
    inverse: 'children',
    onDelete: m % 2 === 0 ? 'CASCADE' : 'SET NULL',
    design: designOf(key),
  });
  model.linksTo(maker, 'industries', 'Industry', { inverse: `${lower(module)}Categories` });
}

function declarePolicy(model: Model, module: string, m: number): void {
  const maker = model.entity(`${module}Policy`, 'tenant', 'uuid', Unique(['tenantId', 'code']));
  column(maker, 'code', String, { type: 'varchar', length: 40, transformer: lowerCase });
  column(maker, 'rules', Object, { type: 'json' });
  column(maker, 'limits', Object, { type: 'simple-json', nullable: true });
  column(maker, 'rate', Number, { type: 'decimal', precision: 8, scale: 3, transformer: numeric });
  column(maker, 'ceiling', String, { type: 'decimal', precision: 14, scale: 2, nullable: true });
  column(maker, 'kind', String, { type: 'simple-enum', enum: ['open', 'strict', 'custom'], default: 'open' });
  maker.field('version', Number, VersionColumn());
  // What a listener sets beside the columns when a row has been loaded.
  maker.field('label', String).member('nameAfterLoad', { value: nameAfterLoad, writable: true }, AfterLoad());
  if (m % 2 === 0) softDeleted(maker);
}

function nameAfterLoad(this: { code?: string; kind?: string; label?: string }): void {
  this.label = `${this.code} (${this.kind})`;
}

/** Templates: in some modules the platform's own, in the others a tenant's, whose bodies are checked by rules. */
function declareTemplate(model: Model, module: string, m: number): void {
  const owner: Owner = m % 2 === 0 ? 'shared' : 'tenant';
  const maker = model.entity(`${module}Template`, owner, keyOf(m));
  maker
    .field('name', String, IsString(), Length(1, 80), Column({ length: 80 }))
    .field('content', Object, IsOptional(), IsString(), Column({ type: 'text', nullable: true }))
    .field('rating', Number, IsInt(), Min(0), Max(5), Column({ type: 'int', default: 3 }))
    .field('isDefault', Boolean, IsOptional(), IsBoolean(), Column({ default: false }))
    .field('keywords', Object, IsOptional(), IsArray(), Column({ type: 'simple-array', nullable: true }));
  model.linksTo(maker, 'tags', 'Tag', m % 3 === 0 ? {} : { inverse: `${lower(module)}Templates` });
}

function declareItem(model: Model, module: string, m: number): void {
  const maker = model.entity(`${module}Item`, 'organization', m % 4 === 2 ? 'increment' : 'uuid');
  column(maker, 'name', String, { type: 'varchar', length: 100 });
  column(maker, 'quantity', Number, { type: 'int', default: 1 });
  column(maker, 'unitPrice', Number, { type: 'decimal', precision: 12, scale: 2, transformer: numeric });
  column(maker, 'serial', String, { type: 'bigint', nullable: true });
  column(maker, 'weight', Number, { type: 'double precision', nullable: true });
  column(maker, 'notes', String, { type: 'text', nullable: true });
  maker.field('nameLength', Number, VirtualColumn({ type: 'int', query: (alias) => `SELECT LENGTH(${alias}.name)` }));
  model.belongsTo(maker, 'category', `${module}Category`, {
    onDelete: 'SET NULL',
    eager: m % 3 === 0,
    inverse: 'items',
    design: designOf(keyOf(m)),
  });
  model.belongsTo(maker, 'policy', `${module}Policy`, {
    nullable: m % 2 === 0,
    onDelete: m % 2 === 0 ? 'SET NULL' : 'RESTRICT',
    relationId: m % 5 === 0,
  });
  model.belongsTo(maker, 'currency', 'Currency', { onDelete: 'RESTRICT', design: Number });
  model.audited(maker, [ON_DELETE[m % 4], ON_DELETE[(m + 1) % 4], ON_DELETE[(m + 2) % 4]]);
  model.linksTo(maker, 'tags', 'Tag', m % 2 === 0 ? { inverse: `${lower(module)}Items` } : {});
  model.linksTo(maker, 'languages', 'Language', m % 2 === 0 ? {} : { inverse: `${lower(module)}Items` });
  if (m % 2 === 1) softDeleted(maker);
}

function declareRequest(model: Model, module: string, m: number): void {
  const maker = model.entity(`${module}Request`, 'organization', keyOf(m + 1));
  column(maker, 'title', String, { type: 'varchar', length: 120 });
  column(maker, 'status', String, {
    type: 'simple-enum',
    enum: ['draft', 'requested', 'approved', 'denied'],
    default: 'draft',
  });
  column(maker, 'startsOn', Date, { type: 'date', nullable: true });
  column(maker, 'endsAt', Date, { type: Date, nullable: true });
  column(maker, 'internalRemark', String, { type: 'varchar', length: 200, nullable: true, select: false });
  column(maker, 'reference', String, { type: 'varchar', length: 60, nullable: true });
  if (m % 3 === 0) addressed(maker, 'location');
  maker.member('fillReference', { value: fillReference, writable: true }, BeforeInsert());
  model.belongsTo(maker, 'requestedBy', 'Employee', { nullable: false, onDelete: 'CASCADE' });
  model.belongsTo(maker, 'approver', 'Employee', { onDelete: 'SET NULL', relationId: m % 2 === 0 });
  model.belongsTo(maker, 'item', `${module}Item`, {
    onDelete: 'CASCADE',
    inverse: 'requests',
    design: m % 4 === 2 ? Number : String,
  });
  model.linksTo(maker, 'watchers', 'User');
  model.linksTo(maker, 'templates', `${module}Template`, { inverse: 'requests' });
  model.audited(maker, ['SET NULL', 'SET NULL', 'CASCADE']);
  softDeleted(maker);
}

function fillReference(this: { reference?: string | null; title?: string }): void {
  this.reference ??= `ref ${this.title}`;
}

/** Steps of a request: whose they are, the request says. */
function declareApproval(model: Model, module: string): void {
  const maker = model.entity(`${module}Approval`, 'parent', 'increment', TenantScoped({ via: 'request' }));
  column(maker, 'step', Number, { type: 'int', default: 1 });
  column(maker, 'note', String, { type: 'varchar', length: 200, nullable: true });
  const isCounted = keyOf(MODULES.indexOf(module as never) + 1) === 'increment';
  model.belongsTo(maker, 'request', `${module}Request`, {
    nullable: false,
    onDelete: 'CASCADE',
    inverse: 'approvals',
    design: isCounted ? Number : String,
  });
  model.belongsTo(maker, 'approvedBy', 'User', { onDelete: 'SET NULL' });
}

/** Comments: in some modules several kinds in one table, in the others a thread. */
function declareComment(model: Model, module: string, m: number): void {
  const name = `${module}Comment`;
  const maker = model.entity(name, 'organization', 'uuid');
  column(maker, 'body', String, { type: 'text' });
  column(maker, 'editedAt', Date, { type: Date, nullable: true });
  model.belongsTo(maker, 'author', 'User', { onDelete: ON_DELETE[m % 3] });
  if (m % 3 !== 0) {
    model.belongsTo(maker, 'parent', name, { onDelete: 'CASCADE', inverse: 'replies' });
    return;
  }
  maker.decorate(TableInheritance({ column: { name: 'kind', type: 'varchar' } }));
  const internal = model.add(new ClassMaker(`${module}InternalComment`, maker).decorate(ChildEntity()));
  column(internal, 'priority', Number, { type: 'int', default: 0 });
  model.belongsTo(internal, 'reviewer', 'Employee', { onDelete: 'SET NULL' });
  const review = model.add(new ClassMaker(`${module}ReviewComment`, maker).decorate(ChildEntity('review')));
  column(review, 'score', Number, { type: 'decimal', precision: 4, scale: 1, nullable: true, transformer: numeric });
  model.belongsTo(review, 'policy', `${module}Policy`, { onDelete: 'SET NULL' });
}

/** Documents, with junction tables on both sides of some relations. */
function declareDocument(model: Model, module: string, m: number): void {
  const maker = model.entity(`${module}Document`, m % 2 === 0 ? 'tenant' : 'organization', 'uuid');
  column(maker, 'fileName', String, { type: 'varchar', length: 160 });
  column(maker, 'mediaType', String, { type: 'varchar', length: 60, default: 'application/pdf' });
  column(maker, 'bytes', Number, { type: 'int', default: 0 });
  column(maker, 'signedOn', Date, { type: 'date', nullable: true });
  model.belongsTo(maker, 'documentKind', 'DocumentKind', { onDelete: 'SET NULL' });
  model.linksTo(maker, 'templates', `${module}Template`, { inverse: 'documents', both: m % 3 === 2 });
  model.linksTo(maker, 'readers', 'Employee', m % 2 === 0 ? {} : { inverse: `${lower(module)}Documents`, both: true });
  model.audited(maker, ['RESTRICT', 'NO ACTION', 'SET NULL']);
}

/** Settings, at most one for a policy and one for an organization. */
function declareSetting(model: Model, module: string, m: number): void {
  const maker = model.entity(`${module}Setting`, 'tenant', keyOf(m + 2));
  column(maker, 'name', String, { type: 'varchar', length: 80 });
  column(maker, 'slug', String, { type: 'varchar', length: 80, nullable: true });
  column(maker, 'value', Object, { type: 'simple-json', nullable: true });
  model.hasOne(maker, 'policy', `${module}Policy`, { nullable: true, onDelete: 'CASCADE' }, 'setting');
  model.hasOne(maker, 'organization', 'Organization', { nullable: true, onDelete: 'SET NULL' });
}

function declareHistory(model: Model, module: string, m: number): void {
  const maker = model.entity(`${module}History`, 'organization', 'increment');
  column(maker, 'action', String, { type: 'varchar', length: 40 });
  column(maker, 'before', Object, { type: 'json', nullable: true });
  column(maker, 'happenedAt', Date, { type: Date });
  column(maker, 'duration', Number, { type: 'bigint', nullable: true, transformer: numeric });
  model.belongsTo(maker, 'item', `${module}Item`, {
    onDelete: 'CASCADE',
    inverse: 'history',
    design: m % 4 === 2 ? Number : String,
  });
  model.belongsTo(maker, 'changedBy', 'User', { onDelete: 'SET NULL' });
}

/** Names, of the table and of relations, that make aliases longer than PostgreSQL keeps. */
function declareLongName(model: Model, module: string, m: number): void {
  const maker = model.entity(longNameOf(module), 'organization', 'uuid');
  column(maker, 'estimatedAmountInTheCurrencyOfTheOrganization', Number, {
    type: 'decimal',
    precision: 12,
    scale: 2,
    default: 0,
    transformer: numeric,
  });
  column(maker, 'remark', String, { type: 'varchar', length: 100, nullable: true });
  model.belongsTo(maker, 'responsibleManagerOfTheOrganizationDepartment', 'Employee', { onDelete: 'SET NULL' });
  model.belongsTo(maker, 'itemThatIsEstimatedForTheOrganizationProject', `${module}Item`, {
    onDelete: 'CASCADE',
    design: m % 4 === 2 ? Number : String,
  });
  model.linksTo(maker, 'employeesWhoMayApproveTheEstimation', 'Employee');
  softDeleted(maker);
}

/** A subscriber to everything that is inserted: it gives settings a slug. */
export class SlugSubscriber implements EntitySubscriberInterface {
  beforeInsert({ entity, metadata }: InsertEvent<Record<string, unknown>>): void {
    if (metadata.name.endsWith('Setting') && entity !== undefined)
      entity['slug'] ??= String(entity['name']).toLowerCase().replaceAll(' ', '-');
  }
}
EventSubscriber()(SlugSubscriber);

function lower(name: string): string {
  return name[0].toLowerCase() + name.slice(1);
}
