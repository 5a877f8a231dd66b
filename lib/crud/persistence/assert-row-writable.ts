import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { ownRowsCondition } from '../../orm/tenant-columns.js';
import type { Resource } from '../resource/resource.js';
import { applyConditions } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';

const ALIAS = 'item';

/**
 * Checks that the current scope may write a row, if it exists. Includes soft-deleted rows.
 *
 * @throws SharedRowError for a row that all tenants share
 */
export async function assertOwnRow<T extends object>(
  { dataSource, metadata, entity, name }: Resource<T>,
  manager: EntityManager,
  conditions: readonly Condition[],
): Promise<void> {
  const own = ownRowsCondition(dataSource, metadata, ALIAS);
  if (own === undefined) return;
  const select = (): SelectQueryBuilder<T> => {
    const rows = manager.createQueryBuilder(entity, ALIAS).withDeleted();
    applyConditions(rows, conditions, ALIAS);
    return rows;
  };
  if (await select().andWhere(own).getExists()) return;
  if (await select().getExists()) throw new SharedRowError(name);
}
