import type { EntityMetadata } from 'typeorm';
import { constantParameter } from '../policy/scope-parameters.js';

/** TypeORM's condition for child entities: one parameter name for all of them, given by the outermost builder. */
const SHARED_CONDITION = 'IN (:...discriminatorColumnValues)';

/**
 * Gives the discriminators of a child entity parameters of their own. TypeORM calls the discriminators of every child entity by one name,
 * so that a sub-query over one child entity inside a statement over another one, or over none, reads wrong values.
 *
 * @param conditions what TypeORM has made of the conditions of a statement
 */
export function withOwnDiscriminators(conditions: string, metadata: EntityMetadata): string {
  const { parentEntityMetadata, childEntityMetadatas } = metadata;
  if (parentEntityMetadata === undefined) return conditions;
  const entities = [...childEntityMetadatas.filter((child) => child.discriminatorColumn !== undefined), metadata];
  const names = entities.map(({ discriminatorValue }) => `:${constantParameter(discriminatorValue!)}`);
  return conditions.replaceAll(SHARED_CONDITION, `IN (${names.join(', ')})`);
}
