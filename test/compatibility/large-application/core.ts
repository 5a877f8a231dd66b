import { TenantScoped, TenantShared } from 'nestjs-muck';
import { Exclude } from 'class-transformer';
import {
  Column,
  CreateDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  VersionColumn,
  ViewColumn,
  ViewEntity,
  VirtualColumn,
} from 'typeorm';
import { ClassMaker } from './class-maker.js';
import { column, lowerCase, type Model, numeric, softDeleted } from './model.js';

/** The classes that every module of the application refers to: tenants, people, organizations, labels, and what all tenants share. */
export function declareCore(model: Model): void {
  declareShared(model);
  declareTenant(model);
  declarePeople(model);
  declareOrganization(model);
  declareTrees(model);
  declareViews(model);
}

/** Embedded objects: an address, and the place within it. */
function addressOf(): ClassMaker {
  const place = new ClassMaker('Coordinates');
  column(place, 'latitude', Number, { type: 'decimal', precision: 9, scale: 6, nullable: true, transformer: numeric });
  column(place, 'longitude', Number, { type: 'decimal', precision: 9, scale: 6, nullable: true, transformer: numeric });
  const address = new ClassMaker('Address');
  column(address, 'city', String, { type: 'varchar', length: 80, nullable: true });
  column(address, 'street', String, { type: 'varchar', length: 120, nullable: true });
  column(address, 'postcode', String, { type: 'varchar', length: 20, default: '' });
  address.field(
    'place',
    Object,
    Column(() => place.type),
  );
  return address;
}

/** Puts an embedded address on an entity. */
export function addressed(maker: ClassMaker, property = 'address'): void {
  const address = addressOf();
  maker.field(
    property,
    Object,
    Column(() => address.type),
  );
}

function declareShared(model: Model): void {
  const country = new ClassMaker('Country')
    .field('isoCode', String, PrimaryColumn({ type: 'varchar', length: 2 }))
    .field('name', String, Column({ length: 80 }))
    .decorate(Entity(), TenantShared('countries of the world'));
  model.add(country);
  for (const name of ['Currency', 'Language', 'Industry', 'TimeZone', 'SubscriptionPlan', 'DocumentKind']) {
    const maker = model.entity(name, 'shared', name === 'Currency' || name === 'Industry' ? 'increment' : 'uuid');
    column(maker, 'code', String, { type: 'varchar', length: 20, unique: true });
    column(maker, 'label', String, { type: 'varchar', length: 120 });
    column(maker, 'rank', Number, { type: 'int', default: 0 });
  }
  // A shared row that a tenant's user has created, as in platforms whose base class has that relation.
  const feature = model.entity('Feature', 'shared');
  column(feature, 'code', String, { type: 'varchar', length: 60 });
  column(feature, 'settings', Object, { type: 'json', nullable: true });
  model.belongsTo(feature, 'parent', 'Feature', { inverse: 'children', onDelete: 'CASCADE' });
  model.linksTo(feature, 'languages', 'Language', { inverse: 'features' });
}

function declareTenant(model: Model): void {
  const tenant = new ClassMaker('Tenant')
    .field('id', String, PrimaryGeneratedColumn('uuid'))
    .field('name', String, Column({ length: 120 }))
    .field('standardWorkHours', Object, Column({ type: 'int', nullable: true }))
    .field('createdAt', Date, CreateDateColumn())
    .field('organizations', Array, OneToMany(model.to('Organization'), 'tenant'))
    .decorate(Entity(), TenantScoped({ columns: { tenantId: 'id' } }));
  model.add(tenant);
}

function declarePeople(model: Model): void {
  const asset = model.entity('ImageAsset', 'tenant');
  column(asset, 'url', String, { type: 'varchar', length: 200 });
  column(asset, 'width', Number, { type: 'int', nullable: true });
  column(asset, 'size', Number, { type: 'decimal', precision: 12, scale: 2, nullable: true, transformer: numeric });

  const role = model.entity('Role', 'tenant', 'uuid', Unique(['tenantId', 'name']));
  column(role, 'name', String, { type: 'varchar', length: 60 });
  column(role, 'isSystem', Boolean, { type: Boolean, default: false });
  const permission = model.entity('RolePermission', 'tenant', 'increment', Unique(['roleId', 'permission']));
  column(permission, 'permission', String, { type: 'varchar', length: 60 });
  column(permission, 'enabled', Boolean, { type: Boolean, default: true });
  model.belongsTo(permission, 'role', 'Role', { nullable: false, onDelete: 'CASCADE', inverse: 'rolePermissions' });

  const user = model.entity('User', 'tenant', 'uuid', Unique(['tenantId', 'email']));
  column(user, 'email', String, { type: 'varchar', length: 120, transformer: lowerCase });
  column(user, 'firstName', String, { type: 'varchar', length: 60, nullable: true });
  column(user, 'lastName', String, { type: 'varchar', length: 60, nullable: true });
  column(user, 'passwordHash', String, { type: 'varchar', length: 100, nullable: true, select: false });
  user.field('refreshToken', Object, Exclude(), Column({ type: 'varchar', length: 100, nullable: true }));
  column(user, 'timeFormat', String, { type: 'simple-enum', enum: ['12', '24'], default: '24' });
  column(user, 'lastLoginAt', Date, { type: Date, nullable: true });
  user.member('fullName', {
    get(this: { firstName?: string | null; lastName?: string | null }) {
      return [this.firstName, this.lastName].filter(Boolean).join(' ');
    },
  });
  softDeleted(user);
  model.belongsTo(user, 'role', 'Role', { onDelete: 'SET NULL' });
  model.belongsTo(user, 'image', 'ImageAsset', { onDelete: 'SET NULL', eager: true });
  model.belongsTo(user, 'preferredLanguage', 'Language', { onDelete: 'SET NULL' });
}

function declareOrganization(model: Model): void {
  const organization = model.entity('Organization', 'tenant');
  column(organization, 'name', String, { type: 'varchar', length: 120 });
  column(organization, 'currencyCode', String, { type: 'varchar', length: 3, default: 'EUR' });
  column(organization, 'startWeekOn', String, {
    type: 'simple-enum',
    enum: ['monday', 'sunday'],
    default: 'monday',
  });
  column(organization, 'bonusPercentage', Number, { type: 'int', nullable: true });
  organization.field('version', Number, VersionColumn());
  addressed(organization);
  softDeleted(organization);
  model.belongsTo(organization, 'image', 'ImageAsset', { onDelete: 'SET NULL' });
  organization.field('country', Object, ManyToOne(model.to('Country'), { nullable: true }), JoinColumn());
  model.linksTo(organization, 'languages', 'Language', { inverse: 'organizations' });

  const tag = model.entity('Tag', 'organization', 'uuid', Unique(['tenantId', 'name']));
  column(tag, 'name', String, { type: 'varchar', length: 60 });
  column(tag, 'color', String, { type: 'varchar', length: 7, default: '#ffffff' });
  model.linksTo(model.maker('User'), 'tags', 'Tag', { inverse: 'users' });
  model.linksTo(organization, 'tags', 'Tag', { inverse: 'organizations' });

  const contact = model.entity('Contact', 'organization', 'increment');
  column(contact, 'name', String, { type: 'varchar', length: 80 });
  column(contact, 'fax', String, { type: 'varchar', length: 40, nullable: true });
  addressed(contact);
  addressed(contact, 'deliveryAddress');

  const employee = model.entity('Employee', 'organization');
  column(employee, 'jobTitle', String, { name: 'title', type: 'varchar', length: 120, nullable: true });
  column(employee, 'billRateValue', Number, {
    type: 'decimal',
    precision: 10,
    scale: 2,
    default: 0,
    transformer: numeric,
  });
  column(employee, 'startedWorkOn', Date, { type: 'date', nullable: true });
  column(employee, 'profileLinks', Array, { type: 'simple-array', nullable: true });
  employee.field('shoutedTitle', String, VirtualColumn({ query: (alias) => `SELECT UPPER(${alias}.title)` }));
  softDeleted(employee);
  model.hasOne(employee, 'user', 'User', { nullable: false, onDelete: 'CASCADE', cascade: true }, 'employee');
  model.hasOne(employee, 'contact', 'Contact', { nullable: true, onDelete: 'SET NULL' }, 'employee');
  // Joined aliases of these names are longer than PostgreSQL keeps.
  model.belongsTo(employee, 'responsibleManagerOfTheOrganizationDepartment', 'Employee', { onDelete: 'SET NULL' });
  model.belongsTo(employee, 'substituteDuringPlannedAndUnplannedAbsences', 'Employee', { onDelete: 'SET NULL' });
  model.linksTo(employee, 'tags', 'Tag', { inverse: 'employees' });
  model.linksTo(employee, 'spokenLanguages', 'Language', { inverse: 'employees' });
}

function declareTrees(model: Model): void {
  for (const [name, kind] of [
    ['Department', 'materialized-path'],
    ['AccountGroup', 'closure-table'],
  ] as const) {
    const maker = model.entity(name, 'organization', 'increment', Tree(kind));
    column(maker, 'name', String, { type: 'varchar', length: 80 });
    maker
      .field('children', Array, TreeChildren())
      .field('parent', Object, TreeParent(kind === 'closure-table' ? { onDelete: 'CASCADE' } : undefined));
  }
}

function declareViews(model: Model): void {
  const view = new ClassMaker('EmployeeOverview')
    .field('id', String, PrimaryColumn('varchar'))
    .field('tenantId', String, ViewColumn())
    .field('jobTitle', String, ViewColumn())
    .field('email', String, ViewColumn())
    .decorate(
      TenantScoped(),
      ViewEntity({
        expression: (dataSource) =>
          dataSource
            .createQueryBuilder()
            .select('employee.id', 'id')
            .addSelect('employee.tenantId', 'tenantId')
            .addSelect('employee.jobTitle', 'jobTitle')
            .addSelect('owner.email', 'email')
            .from(model.type('Employee'), 'employee')
            .innerJoin(model.type('User'), 'owner', 'owner.id = employee.userId'),
      }),
    );
  model.add(view);
  const rolesView = new ClassMaker('RoleOverview')
    .field('id', String, PrimaryColumn('varchar'))
    .field('tenantId', String, ViewColumn())
    .field('name', String, ViewColumn())
    .decorate(
      TenantScoped(),
      ViewEntity({
        expression: (dataSource) =>
          dataSource
            .createQueryBuilder()
            .select('role.id', 'id')
            .addSelect('role.tenantId', 'tenantId')
            .addSelect('role.name', 'name')
            .from(model.type('Role'), 'role')
            .where('role.isActive = true'),
      }),
    );
  model.add(rolesView);
}
