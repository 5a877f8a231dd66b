import type { DataSource, EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { CompiledSelect } from '../../../orm/compiled-select.js';
import type { RawRow } from '../../../orm/compiled-select.js';
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
    const slots = Object.fromEntries(
      keys.map(({ name }, i) => [keySlot(i), distinct(owners.map(({ row }) => row[name]))]),
    );
    const rows = await this.statement.run({ ...slots, limit: MAX_INCLUDED_ROWS + 1, offset: 0 }, manager);
    if (rows.length > MAX_INCLUDED_ROWS) {
      throw badRequest([`include ${relation.propertyPath} exceeds ${MAX_INCLUDED_ROWS} rows: use a smaller limit`]);
    }
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
