import type { EntityMetadata } from 'typeorm';
import { constantParameter } from '../policy/scope-parameters.js';

/**
 * TypeORM's condition for child entities. All of them use this parameter name, and the outermost builder sets its
 * value.
 */
const SHARED_CONDITION = 'IN (:...discriminatorColumnValues)';

/**
 * Replaces TypeORM's discriminator parameter by one per value. TypeORM uses one parameter name for every child entity.
 * A subquery over a child entity would therefore read wrong values inside a statement over another one, or over none.
 *
 * @param conditions the conditions that TypeORM has built
 */
export function withOwnDiscriminators(conditions: string, metadata: EntityMetadata): string {
  const { parentEntityMetadata, childEntityMetadatas } = metadata;
  if (parentEntityMetadata === undefined) return conditions;
  const entities = [...childEntityMetadatas.filter((child) => child.discriminatorColumn !== undefined), metadata];
  const names = entities.map(({ discriminatorValue }) => `:${constantParameter(discriminatorValue!)}`);
  return conditions.replaceAll(SHARED_CONDITION, `IN (${names.join(', ')})`);
}
