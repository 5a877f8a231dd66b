import { NotFoundException } from '@nestjs/common';
import type { QueryDeepPartialEntity, SelectQueryBuilder, UpdateQueryBuilder } from 'typeorm';
import { conditionOn, meet } from './conditions.js';
import type { Condition } from './conditions.js';
import { explainDatabaseError } from './database-errors.js';
import { Page } from './query/list-query.js';
import type { ListQuery } from './query/list-query.js';
import { filterConditions, planList } from './query/plan-list.js';
import type { EntityId, Resource } from './resource.js';

/** How a select names the resource's table. */
const ALIAS = 'item';

/**
 * The rows of a resource that meet some conditions: the statements of CRUD, one each. The tenant scope is not among the conditions, since
 * every statement is limited to it beneath.
 */
export class Rows<T extends object> {
  constructor(
    private readonly resource: Resource<T>,
    private readonly conditions: readonly Condition[],
  ) {}

  /**
   * @param id as `Resource.readId` gives it
   * @throws NotFoundException when there is no such row: the same for one that the scope hides
   */
  async find(id: EntityId): Promise<T> {
    const select = this.select();
    meet(select, [...this.conditions, this.idIs(id)], ALIAS);
    const row = await select.getOne();
    if (row === null) throw new NotFoundException();
    return row;
  }

  /** A page of them. The total is counted only where the page does not tell it. */
  async list(query: ListQuery<T>, limit: number, offset: number): Promise<Page<T>> {
    const select = this.select();
    planList(select, this.resource, query, [...this.conditions, ...filterConditions(this.resource, query)]);
    try {
      const items = await select.clone().limit(limit).offset(offset).getMany();
      const isLastPage = items.length < limit && (items.length > 0 || offset === 0);
      const total = isLastPage ? offset + items.length : await select.getCount();
      return new Page(items, total, limit, offset);
    } catch (error) {
      throw explainDatabaseError(error, this.resource.metadata, []);
    }
  }

  /**
   * Inserts a row; never an upsert.
   *
   * @returns its id
   */
  async insert(row: T): Promise<EntityId> {
    const { metadata, entity, dataSource } = this.resource;
    const insert = dataSource.createQueryBuilder().insert().into(entity).values(row as QueryDeepPartialEntity<T>);
    try {
      await insert.execute();
    } catch (error) {
      throw explainDatabaseError(
        error,
        metadata,
        metadata.columns.filter((column) => (column.getEntityValue(row) ?? undefined) !== undefined),
      );
    }
    return this.resource.idOf(row);
  }

  /** @throws NotFoundException when the row has gone meanwhile */
  async update(id: EntityId, changes: QueryDeepPartialEntity<T>): Promise<void> {
    const update = this.resource.dataSource.createQueryBuilder().update(this.resource.entity).set(changes);
    await this.change(update, id, Object.keys(changes));
  }

  /**
   * Deletes a row, or marks it as deleted where the entity has a column for that.
   *
   * @throws NotFoundException when the row has gone meanwhile
   */
  async remove(id: EntityId): Promise<void> {
    const { dataSource, entity, metadata } = this.resource;
    const builder = dataSource.createQueryBuilder();
    const removal =
      metadata.deleteDateColumn === undefined ? builder.delete().from(entity) : builder.softDelete().from(entity);
    await this.change(removal, id, []);
  }
}
