import type { Adapter } from '../../support/adapters.js';

/*
 * A model is plain data: it is made from a seed, printed, made smaller and read again. Whatever runs (classes, tables, rows, requests) is made of it.
 */

/** What keeps the rows of a model. */
export type Engine = 'postgres' | 'mariadb' | 'sqljs';

/** How a tenant is named: by a number, a text, a UUID, a 64-bit number, or by two keys together. */
export type ScopeKind = 'number' | 'text' | 'uuid' | 'bigint' | 'pair';

/** The tenants: Acme's answers are compared, the others are what must not show in them. */
export type TenantName = 'acme' | 'globex' | 'initech';
export const TENANTS: readonly TenantName[] = ['acme', 'globex', 'initech'];

/** The values of a tenant's scope keys, as text. */
export type TenantKeys = Readonly<Record<string, string>>;

export interface Model {
  readonly seed: number;
  readonly engine: Engine;
  readonly scope: ScopeKind;
  readonly tenants: Readonly<Record<TenantName, TenantKeys>>;
  readonly adapter: Adapter;
  /** Whether declared properties are on a new instance, as undefined: as Nest's template compiles. */
  readonly definesFields: boolean;
  /** Whether every select goes through TypeORM's query cache. */
  readonly cache: boolean;
  /** What TypeORM puts before the names of all tables. */
  readonly prefix?: string;
  readonly entities: readonly EntityModel[];
}

/** To whom the rows of an entity belong. */
export type Owner =
  | {
      readonly kind: 'own';
      /** The tenant column of each scope key that the entity has. */
      readonly columns: Readonly<Record<string, TenantColumn>>;
      /** Whether rows without a tenant are defaults that all read. */
      readonly nullMeans?: 'shared';
      /** Whether there is also a column that is called like the scope key and names the other party of a deal. */
      readonly decoy?: true;
    }
  | { readonly kind: 'via'; readonly relation: string }
  | { readonly kind: 'shared' };

export interface TenantColumn {
  readonly property: string;
  readonly type: SqlType;
  /** The name in the database, where it is another one. */
  readonly name?: string;
  /** The property of the object that the column is embedded in. */
  readonly within?: string;
}

/** A type as `@Column()` takes it. */
export interface SqlType {
  readonly type: string;
  readonly length?: number;
  readonly precision?: number;
  readonly scale?: number;
  readonly collation?: string;
}

export type KeyKind = 'increment' | 'uuid' | 'text' | 'number' | 'parts' | 'tenant';

export interface EntityModel {
  readonly name: string;
  /** Numbers the entities of a model, for the keys of their rows: it stays when others are left out. */
  readonly place: number;
  /** A table of its own, the root of a table with children, one of its children, or a view of another entity's rows. */
  readonly kind: 'table' | 'root' | 'child' | 'view';
  /** The root of a child; the entity that a view shows. */
  readonly of?: string;
  readonly owner: Owner;
  /** Where the owner is declared. */
  readonly declared: 'class' | 'base' | 'controller' | 'list';
  readonly key: KeyKind;
  readonly columns: readonly ColumnModel[];
  readonly relations: readonly RelationModel[];
  readonly uniques: readonly UniqueModel[];
  readonly tree?: 'materialized-path' | 'closure-table';
  readonly version?: true;
  readonly softDelete?: true;
  readonly instants?: true;
  readonly schema?: string;
  /** Whether the entity lives in a second DataSource. */
  readonly second?: true;
  readonly resource?: ResourceModel;
}

export type ColumnKind = 'text' | 'number' | 'decimal' | 'flag' | 'json' | 'virtual';

export interface ColumnModel {
  readonly property: string;
  readonly kind: ColumnKind;
  readonly nullable?: true;
  readonly name?: string;
  /** The property of the object that the column is embedded in. */
  readonly within?: string;
  readonly hidden?: 'select' | 'exclude';
  readonly transformed?: true;
}

export interface RelationModel {
  readonly property: string;
  readonly kind: 'many-to-one' | 'one-to-one' | 'many-to-many' | 'foreign-key';
  readonly target: string;
  /** The property of the target that leads back. */
  readonly inverse?: string;
  readonly nullable?: true;
  readonly onDelete?: OnDelete;
  readonly onUpdate?: OnUpdate;
  /** A property for the key beside the relation. */
  readonly column?: string;
  /** A property with `@RelationId()`. */
  readonly ids?: string;
  readonly eager?: true;
  readonly cascade?: true;
}

export type OnDelete = 'CASCADE' | 'SET NULL' | 'RESTRICT' | 'NO ACTION';
export type OnUpdate = 'CASCADE' | 'SET NULL' | 'RESTRICT';

export interface UniqueModel {
  /** Columns beside those of the tenant. */
  readonly properties: readonly string[];
  /** Whether it holds for rows with a number alone. */
  readonly partial?: true;
}

/** The options of `@Crud`, which are read from a model by {@link import('./resources.js').optionsOf}. */
export interface ResourceModel {
  /** The relation to the row that the path names. */
  readonly parent?: string;
  readonly include: readonly string[];
  /** Undefined where the option is left out. */
  readonly filter?: readonly string[];
  readonly sort?: readonly string[];
  readonly search: readonly string[];
  readonly links: readonly string[];
  readonly listFormat: 'page' | 'array';
  readonly count: 'exact' | 'none' | 'capped';
  readonly strict?: true;
  readonly deleted?: true;
  readonly dto?: true;
  readonly hooks?: true;
  readonly requireIfMatch?: true;
}

/** The scope keys of a kind of scope. */
export function keysOf(scope: ScopeKind): readonly string[] {
  if (scope === 'pair') return ['region', 'organizationId'];
  return [scope === 'uuid' ? 'tenantId' : 'organizationId'];
}

/** Finds an entity of a model. */
export function entityOf(model: Model, name: string): EntityModel {
  const found = model.entities.find((entity) => entity.name === name);
  if (found === undefined) throw new Error(`The model has no entity ${name}.`);
  return found;
}

/** The entity whose table a child's rows are in; the entity itself for any other. */
export function rootOf(model: Model, entity: EntityModel): EntityModel {
  return entity.kind === 'child' ? entityOf(model, entity.of!) : entity;
}

/** The columns of an entity, with those of its root. */
export function columnsOf(model: Model, entity: EntityModel): readonly ColumnModel[] {
  return entity.kind === 'child' ? [...rootOf(model, entity).columns, ...entity.columns] : entity.columns;
}

/** The relations of an entity, with those of its root. */
export function relationsOf(model: Model, entity: EntityModel): readonly RelationModel[] {
  return entity.kind === 'child' ? [...rootOf(model, entity).relations, ...entity.relations] : entity.relations;
}

/** Where a property lies within an entity: `address.city`. */
export function pathOf({ within, property }: { readonly within?: string; readonly property: string }): string {
  return within === undefined ? property : `${within}.${property}`;
}

/** The scope keys that the rows of an entity are limited by; none for a shared entity. */
export function tenantKeysOf(model: Model, entity: EntityModel): readonly string[] {
  const { owner } = rootOf(model, entity);
  if (owner.kind === 'shared') return [];
  if (owner.kind === 'own') return Object.keys(owner.columns);
  const relation = relationsOf(model, entity).find(({ property }) => property === owner.relation);
  return relation === undefined ? [] : tenantKeysOf(model, entityOf(model, relation.target));
}

/** The properties of a key that the path of a row has: all but those of the tenant. */
export function keyPropertiesOf(entity: EntityModel): readonly string[] {
  return entity.key === 'parts' ? ['part', 'number'] : ['id'];
}

/** The properties of a key that a new row is given; none where the database, or TypeORM, makes it. */
export function givenKeyOf(model: Model, entity: EntityModel): readonly string[] {
  const { key } = rootOf(model, entity);
  const isMade = key === 'increment' || (key === 'uuid' && model.engine !== 'mariadb');
  return isMade ? [] : keyPropertiesOf(rootOf(model, entity));
}

/** Whether one column is the key of an entity's rows. */
export function isSingle({ key }: EntityModel): boolean {
  return key !== 'parts' && key !== 'tenant';
}
