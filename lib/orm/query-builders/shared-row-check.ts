import type { EntityMetadata, ObjectLiteral, QueryBuilder } from 'typeorm';
import { SharedRowError } from '../../errors/shared-row.error.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { isInSave } from '../writes/save-context.js';
import { builderRegistry } from '../enforcement/builder-registry.js';

/**
 * Checks after a write of `save` or `remove` whether it was aimed at a shared row. The statement does not change such a
 * row, and TypeORM does not check that its statements affected a row.
 *
 * @param builder the builder of the write, with its conditions
 * @throws SharedRowError if a row that the scope sees still meets the conditions
 */
export async function assertNoneLeft(builder: QueryBuilder<ObjectLiteral>, metadata: EntityMetadata): Promise<void> {
  const { policies } = requireEnforcement(builder.dataSource);
  if (!isInSave() || !policies.mayBeShared(metadata) || !policies.isLimited(metadata)) return;
  const left = new builderRegistry.select!(builder).select('1').withDeleted().limit(1);
  if ((await left.getRawMany()).length > 0) throw new SharedRowError(metadata.name);
}
