import { NotFoundException } from '@nestjs/common';
import type { DataSource, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { ColumnMetadata, RelationMetadata } from '../../common/peer-internals.js';
import { CompiledSelect } from '../../orm/compiled-select.js';
import type { ColumnValues } from '../model/column-values.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { ResourceId } from '../model/resource-id.js';

/** One parent in a path. */
export interface ParentLevel {
  /** The relation from the level below to this parent. */
  readonly relation: RelationMetadata;
  /** The path parameter that identifies it. */
  readonly param: string;
  readonly id: ResourceId;
}

/** A foreign key column of the resource and the parent's column that it references. */
export interface ParentKeyColumn {
  readonly own: ResourceColumn;
  readonly referenced: ColumnMetadata;
}

/**
 * The parents in a path, from the nearest to the farthest. Each one must be visible in the current scope and belong to
 * the next. One statement loads all of them.
 */
export class ParentChain {
  private readonly statement: CompiledSelect;

  /**
   * @param levels from the nearest to the farthest
   * @param columns the foreign key columns of the resource for the nearest parent
   */
  constructor(
    private readonly dataSource: DataSource,
    readonly levels: readonly ParentLevel[],
    readonly columns: readonly ParentKeyColumn[],
  ) {
    this.statement = new CompiledSelect({ dataSource, build: () => this.select() });
  }

  /**
   * Loads the parents.
   *
   * @param params the parameters of the path
   * @returns the foreign key values of rows below the nearest parent
   * @throws NotFoundException if a parent is missing, soft-deleted or another tenant's, or a parameter cannot be an id
   */
  async find(params: Readonly<Record<string, unknown>>): Promise<ColumnValues> {
    const slots: Record<string, unknown> = {};
    this.levels.forEach(({ id, param }, level) => {
      id.whereId(params[param]).forEach(({ parameter }, part) => (slots[slot(level, part)] = parameter));
    });
    const [row] = await this.statement.run(slots);
    if (row === undefined) throw new NotFoundException();
    const { driver } = this.dataSource;
    return new Map(
      this.columns.map(({ own, referenced }, index) => [
        own,
        driver.prepareHydratedValue(row[`k${index}`], referenced) as unknown,
      ]),
    );
  }

  private select(): SelectQueryBuilder<ObjectLiteral> {
    const [nearest, ...further] = this.levels;
    const select = this.dataSource
      .createQueryBuilder(nearest.relation.inverseEntityMetadata.target, alias(0))
      .select([]);
    this.columns.forEach(({ referenced }, index) =>
      select.addSelect(`${alias(0)}.${referenced.propertyPath}`, `k${index}`),
    );
    further.forEach(({ relation }, index) =>
      select.innerJoin(`${alias(index)}.${relation.propertyPath}`, alias(index + 1)),
    );
    this.levels.forEach(({ id }, level) => {
      id.columns.forEach(({ metadata }, part) =>
        select.andWhere(`${alias(level)}.${metadata.propertyPath} = :${slot(level, part)}`),
      );
    });
    return select;
  }
}

function alias(level: number): string {
  return `parent_${level}`;
}

function slot(level: number, part: number): string {
  return `parent_${level}_${part}`;
}
