import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { columnsOf, entityOf, keyPropertiesOf, pathOf, relationsOf, rootOf, tenantKeysOf, TENANTS } from './model.js';
import type { EntityModel, Model, TenantKeys, TenantName } from './model.js';

/** Whose a planted row is: a tenant's, or everybody's. */
export type Holder = TenantName | 'all';

/** How many rows each holder has of each entity. */
export const ROWS = 3;

/** A row that is there before anything is done. */
export interface PlantedRow {
  readonly entity: EntityModel;
  readonly holder: Holder;
  /** Counted from 0, for each holder. */
  readonly index: number;
}

const NAMES = ['Alpha', 'Beta', 'Gamma'];
const OFFSETS: Readonly<Record<Holder, number>> = { all: 0, acme: 100, globex: 200, initech: 300 };

/** The holders of an entity's rows. Of tenants that share an entity's rows the first counts. */
export function holdersOf(model: Model, entity: EntityModel): readonly Holder[] {
  if (entity.kind === 'view') return [];
  const { owner } = rootOf(model, entity);
  if (owner.kind === 'shared') return ['all'];
  const keys = tenantKeysOf(model, entity);
  const known = new Set<string>();
  const holders: Holder[] = TENANTS.filter((name) => {
    const values = JSON.stringify(keys.map((key) => model.tenants[name][key]));
    if (known.has(values)) return false;
    known.add(values);
    return true;
  });
  return owner.kind === 'own' && owner.nullMeans && maySayNothing(model, entity) ? [...holders, 'all'] : holders;
}

/** Whether a row without an owner may be planted: all that it must refer to is shared too. */
function maySayNothing(model: Model, entity: EntityModel): boolean {
  return relationsOf(model, entity).every(
    ({ nullable, kind, target }) =>
      nullable === true || kind === 'many-to-many' || rootOf(model, entityOf(model, target)).owner.kind === 'shared',
  );
}

/** The holder of the rows of an entity that a holder's rows refer to; undefined if there is none. */
export function holderFor(model: Model, holder: Holder, target: EntityModel): Holder | undefined {
  const holders = holdersOf(model, target);
  if (holders.length === 1 && holders[0] === 'all') return 'all';
  if (holder === 'all') return holders.includes('all') ? 'all' : undefined;
  const keys = tenantKeysOf(model, target);
  const isAlike = (other: TenantName): boolean =>
    keys.every((key) => model.tenants[other][key] === model.tenants[holder][key]);
  return holders.find((other) => other !== 'all' && isAlike(other));
}

/** All planted rows of some holders. */
export function plantedRows(model: Model, holders: readonly Holder[]): PlantedRow[] {
  return model.entities.flatMap((entity) =>
    holdersOf(model, entity)
      .filter((holder) => holders.includes(holder))
      .flatMap((holder) => Array.from({ length: ROWS }, (_, index): PlantedRow => ({ entity, holder, index }))),
  );
}

/** The parts of a planted row's key, by property, without the tenant's. */
export function keyOf(model: Model, { entity, holder, index }: PlantedRow): Readonly<Record<string, string | number>> {
  const root = rootOf(model, entity);
  const number = OFFSETS[holder] + index + 1 + (root === entity ? 0 : 10 * (entity.place - root.place));
  switch (root.key) {
    case 'increment':
    case 'number':
      return { id: number };
    case 'uuid':
      return { id: `${String(root.place).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}` };
    case 'text':
      return { id: `${holder}-${number}` };
    case 'tenant':
      return { id: number - OFFSETS[holder] };
    case 'parts':
      return { part: holder, number };
  }
}

/** The values of a planted row's own columns, by their paths. */
export function valuesOf(model: Model, { entity, index, holder }: PlantedRow): Readonly<Record<string, unknown>> {
  const { place } = entity;
  const isOthers = holder !== 'acme' && holder !== 'all';
  const values: Record<string, unknown> = {};
  for (const column of columnsOf(model, entity)) {
    const { kind, property } = column;
    const texts: Record<string, string> = { code: `c${index + 10 * place}`, city: 'Berlin', zip: `1000${index}` };
    const name = isOthers && index === 0 ? 'Hidden' : NAMES[(index + place) % NAMES.length];
    const text = texts[property] ?? (property === 'name' ? name : `${property} ${index}`);
    const byKind = {
      text,
      number: (index + 1) * 10 + (isOthers ? 1 : 0),
      decimal: `${index}.50`,
      flag: index % 2 === 0,
      json: { index },
      virtual: undefined,
    };
    if (kind !== 'virtual') values[pathOf(column)] = byKind[kind];
  }
  return values;
}

/** Makes the statements that plant rows, with foreign keys switched off. */
export class Planter {
  constructor(
    private readonly model: Model,
    private readonly dataSourceOf: (entity: EntityModel) => DataSource,
  ) {}

  /** The statements for one DataSource. */
  statements(dataSource: DataSource, rows: readonly PlantedRow[]): string[] {
    const present = new Set(rows.map(({ holder }) => holder));
    return rows
      .filter(({ entity }) => this.dataSourceOf(entity) === dataSource)
      .flatMap((row) => [this.insertion(row), ...this.links(row, present), ...this.closure(row)]);
  }

  private metadataOf(entity: EntityModel): EntityMetadata {
    const dataSource = this.dataSourceOf(entity);
    return dataSource.entityMetadatas.find(({ name }) => name === entity.name)!;
  }

  private insertion(row: PlantedRow): string {
    const metadata = this.metadataOf(row.entity);
    const values = new Map<string, unknown>();
    for (const column of metadata.columns) {
      if (column.isVirtualProperty) continue;
      const value = this.value(row, column);
      if (value !== undefined) values.set(column.databaseName, value);
    }
    return this.insert(metadata, values);
  }

  private insert(metadata: EntityMetadata, values: ReadonlyMap<string, unknown>): string {
    const { driver } = metadata.dataSource;
    const table = metadata.tablePath
      .split('.')
      .map((part) => driver.escape(part))
      .join('.');
    const names = [...values.keys()].map((name) => driver.escape(name)).join();
    return `INSERT INTO ${table} (${names}) VALUES (${[...values.values()].map(literal).join()})`;
  }

  /** What a row has in a column; undefined for the column's default. */
  private value(row: PlantedRow, column: ColumnMetadata): unknown {
    const { model } = this;
    const path = column.propertyPath;
    const { owner } = rootOf(model, row.entity);
    if (column.isDiscriminator) return column.entityMetadata.discriminatorValue ?? row.entity.name;
    if (owner.kind === 'own') {
      const found = Object.entries(owner.columns).find(([, tenantColumn]) => pathOf(tenantColumn) === path);
      if (found !== undefined) return this.tenantValue(found[0], row.holder);
      // The other party: Globex in Acme's rows, and Acme in those of the others.
      if (owner.decoy && path === 'organizationId')
        return this.tenantValue('organizationId', row.holder === 'acme' ? 'globex' : 'acme');
    }
    const key = keyOf(model, row);
    if (path in key && keyPropertiesOf(rootOf(model, row.entity)).includes(path)) return key[path];
    const values = valuesOf(model, row);
    if (path in values) return stored(values[path], column);
    if (column.isVersion) return 1;
    if (column.isUpdateDate) return '2026-01-02 03:04:05';
    if (column.isDeleteDate) return row.index === ROWS - 1 ? '2026-01-02 03:04:05' : null;
    if (column.isMaterializedPath) return this.path(row);
    return this.reference(row, column);
  }

  private tenantValue(key: string, holder: Holder): string | number | bigint | null {
    if (holder === 'all') return null;
    return scopeValue(this.model, key, this.model.tenants[holder]);
  }

  private reference(row: PlantedRow, column: ColumnMetadata): unknown {
    const name = column.relationMetadata?.propertyName;
    const relation = relationsOf(this.model, row.entity).find(
      ({ property, column: own }) => property === (name ?? column.propertyPath) || own === column.propertyPath,
    );
    if (name === 'above') return row.index === 1 ? this.value({ ...row, index: 0 }, column.referencedColumn!) : null;
    const target = relation && this.target(row, relation.property);
    if (target === undefined) return relation?.nullable ? null : undefined;
    if (relation!.kind === 'foreign-key') return Object.values(keyOf(this.model, target))[0];
    return column.referencedColumn && this.value(target, this.columnOf(target.entity, column.referencedColumn));
  }

  private columnOf(entity: EntityModel, column: ColumnMetadata): ColumnMetadata {
    return this.metadataOf(entity).columns.find(({ databaseName }) => databaseName === column.databaseName)!;
  }

  /** The planted row that a to-one relation of a planted row leads to. */
  target(row: PlantedRow, property: string): PlantedRow | undefined {
    const { model } = this;
    const relation = relationsOf(model, row.entity).find((one) => one.property === property)!;
    const target = entityOf(model, relation.target);
    if (target === row.entity || rootOf(model, target) === row.entity) {
      return row.index === 0 ? undefined : { ...row, entity: target, index: row.index - 1 };
    }
    const holder = holderFor(model, row.holder, target);
    return holder && { entity: target, holder, index: row.index };
  }

  private path(row: PlantedRow): string {
    const { id } = keyOf(this.model, row);
    return row.index === 1 ? `${keyOf(this.model, { ...row, index: 0 })['id']}.${id}.` : `${id}.`;
  }

  /** Links of a many-to-many relation: to rows of the same holder, and from everybody's rows to those of each tenant. */
  private links(row: PlantedRow, present: ReadonlySet<Holder>): string[] {
    const { model } = this;
    const metadata = this.metadataOf(row.entity);
    return metadata.manyToManyRelations
      .filter(({ isOwning }) => isOwning)
      .flatMap(({ propertyName, junctionEntityMetadata }) => {
        const relation = relationsOf(model, row.entity).find(({ property }) => property === propertyName);
        if (relation === undefined) return [];
        const target = entityOf(model, relation.target);
        const same = holderFor(model, row.holder, target);
        const tenants = row.holder === 'all' ? holdersOf(model, target).filter((holder) => holder !== 'all') : [];
        const holders = [...(same === undefined ? [] : [same]), ...tenants.filter((holder) => present.has(holder))];
        const { ownerColumns, inverseColumns } = junctionEntityMetadata!;
        return holders.flatMap((holder) =>
          [row.index, (row.index + 1) % ROWS].map((index) => {
            const far: PlantedRow = { entity: target, holder, index };
            const values = new Map<string, unknown>();
            for (const column of ownerColumns)
              values.set(column.databaseName, this.value(row, this.columnOf(row.entity, column.referencedColumn!)));
            for (const column of inverseColumns)
              values.set(column.databaseName, this.value(far, this.columnOf(target, column.referencedColumn!)));
            return this.insert(junctionEntityMetadata!, values);
          }),
        );
      });
  }

  private closure(row: PlantedRow): string[] {
    const junction = this.metadataOf(row.entity).closureJunctionTable;
    if (row.entity.tree !== 'closure-table' || junction === undefined) return [];
    const { id } = keyOf(this.model, row);
    const [ancestor, descendant] = junction.columns.map(({ databaseName }) => databaseName);
    const above = row.index === 1 ? [keyOf(this.model, { ...row, index: 0 })['id']] : [];
    return [id, ...above].map((one) =>
      this.insert(
        junction,
        new Map([
          [ancestor, one],
          [descendant, id],
        ]),
      ),
    );
  }
}

/** The value of a scope key of a tenant, of the type that is declared. */
export function scopeValue(model: Model, key: string, keys: TenantKeys): string | number | bigint {
  const text = keys[key];
  if (model.scope === 'bigint') return BigInt(text);
  return model.scope === 'number' || (model.scope === 'pair' && key === 'organizationId') ? Number(text) : text;
}

/** A tenant's scope. */
export function scopeOf(model: Model, name: TenantName): Record<string, string | number | bigint> {
  const keys = model.tenants[name];
  return Object.fromEntries(Object.keys(keys).map((key) => [key, scopeValue(model, key, keys)]));
}

function stored(value: unknown, { transformer, type }: ColumnMetadata): unknown {
  if (transformer !== undefined && !Array.isArray(transformer)) return transformer.to(value) as unknown;
  return type === 'simple-json' ? JSON.stringify(value) : value;
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}
