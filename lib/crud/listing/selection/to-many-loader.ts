import type { DataSource, EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { CompiledSelect } from '../../../orm/compiled-select.js';
import type { NamedParameters, RawRow } from '../../../orm/compiled-select.js';
import type { TextRows } from '../../../orm/execution/postgres-query.js';
import { badRequest } from '../../errors/invalid-request.exception.js';
import { dialectOf } from '../../../orm/policy/dialect.js';
import { EntityHydrator, setRelation } from './entity-hydrator.js';
import type { HydrationContext } from './entity-hydrator.js';
import { applySelection, columnPath } from './selection-tree.js';
import type { SelectedBranch } from './selection-tree.js';

/** Maximum number of rows that one included relation adds to a response, because it is not paginated. */
const MAX_INCLUDED_ROWS = 10_000;
const OWNER = 'owner';
const ITEM = 'item';

/** A parent entity and its row, which contains the key. */
export interface ParentRow {
  readonly entity: ObjectLiteral;
  readonly row: RawRow;
}

/**
 * Loads a to-many relation for all parents of a response at once, ordered by key. The current scope applies to parents,
 * related rows and junction rows.
 */
export class ToManyLoader {
  private readonly reader: EntityHydrator;
  private readonly statement: CompiledSelect;

  constructor(
    private readonly dataSource: DataSource,
    private readonly branch: SelectedBranch,
  ) {
    this.reader = new EntityHydrator(branch.entity, dataSource.driver);
    this.statement = new CompiledSelect({ dataSource, build: () => this.build(), limit: 'slots' });
  }

  /**
   * Sets the relation on each parent.
   *
   * @throws BadRequestException if there are more rows than the limit
   */
  async load(owners: readonly ParentRow[], reading: HydrationContext, manager: EntityManager): Promise<void> {
    const { relation, keys } = this.branch;
    const values = this.valuesOf(owners.map(({ row }) => keys.map(({ name }) => row[name])));
    const rows = await this.statement.run(values, manager);
    this.assertNotTooMany(rows);
    const byOwner = new Map<string, unknown[]>();
    for (const row of rows) {
      const key = serializeKey(keys.map((_, i) => row[ownerName(i)]));
      const related = byOwner.get(key);
      const entity = this.reader.read(row, reading);
      if (related === undefined) byOwner.set(key, [entity]);
      else related.push(entity);
    }
    for (const { entity, row } of owners) {
      setRelation(entity, relation, byOwner.get(serializeKey(keys.map(({ name }) => row[name]))) ?? []);
    }
  }

  /**
   * Reads the related rows of all parents, ordered by key, with the parent's key in the columns {@link parentKeys}.
   *
   * @param keys of the parents
   * @returns undefined if rows cannot be read as texts
   * @throws BadRequestException if there are more rows than the limit
   */
  async readTexts(keys: readonly (readonly unknown[])[], manager: EntityManager): Promise<TextRows | undefined> {
    const texts = await this.statement.runAsTexts(this.valuesOf(keys), manager);
    if (Array.isArray(texts)) return undefined;
    this.assertNotTooMany(texts.rows);
    return texts;
  }

  /** The names of the columns with the key of the parent. */
  get parentKeys(): readonly string[] {
    return this.branch.keys.map((_, i) => ownerName(i));
  }

  /** @param keys of the parents */
  private valuesOf(keys: readonly (readonly unknown[])[]): NamedParameters {
    const slots = this.branch.keys.map((_, i) => [keySlot(i), distinct(keys.map((key) => key[i]))] as const);
    return { ...Object.fromEntries(slots), limit: MAX_INCLUDED_ROWS + 1, offset: 0 };
  }

  private assertNotTooMany({ length }: readonly unknown[]): void {
    const { relation } = this.branch;
    if (length > MAX_INCLUDED_ROWS) {
      throw badRequest([`include ${relation.propertyPath} exceeds ${MAX_INCLUDED_ROWS} rows: use a smaller limit`]);
    }
  }

  private build(): SelectQueryBuilder<ObjectLiteral> {
    const { relation, keys, entity } = this.branch;
    const isPostgres = dialectOf(this.dataSource) === 'postgres';
    const select = this.dataSource
      .createQueryBuilder(relation.entityMetadata.target, OWNER)
      .select([])
      .innerJoin(`${OWNER}.${relation.propertyPath}`, ITEM);
    keys.forEach(({ column }, i) => {
      const path = columnPath(select, OWNER, column);
      select.addSelect(path, ownerName(i));
      // PostgreSQL takes the list as one parameter, so the text does not depend on its length.
      select.andWhere(isPostgres ? `${path} = ANY(:${keySlot(i)})` : `${path} IN (:...${keySlot(i)})`);
    });
    applySelection(select, ITEM, entity);
    for (const { column } of entity.columns) {
      if (column.isPrimary) select.addOrderBy(columnPath(select, ITEM, column));
    }
    return select;
  }
}

function keySlot(index: number): string {
  return `key_${index}`;
}

function ownerName(index: number): string {
  return `o${index}`;
}

/**
 * Serializes a key. Composite keys are compared column by column, which may match rows of other parents; so rows are
 * assigned to parents by the whole key.
 */
export function serializeKey(values: readonly unknown[]): string {
  return values
    .map((value) => {
      if (value instanceof Date) return String(value.getTime());
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
    })
    .join('\0');
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map((value) => [serializeKey([value]), value])).values()];
}
