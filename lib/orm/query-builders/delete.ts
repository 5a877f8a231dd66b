import { DeleteQueryBuilder } from 'typeorm';
import type { DeleteResult, ObjectLiteral, UpdateResult } from 'typeorm';
import { SoftDeleteQueryBuilder } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { isUnscoped } from '../policy/access.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';
import { assertNoneLeft } from './shared-row-check.js';
import { currentBuildContext } from '../writes/statement-context.js';
import { targetMetadata } from '../writes/write-rules.js';

/** A delete that removes rows of the tenant scope only. */
export class ScopedDeleteQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(DeleteQueryBuilder)<Entity> {
  override async execute(): Promise<DeleteResult> {
    const result = await super.execute();
    const metadata = targetMetadata(this.expressionMap);
    if (metadata !== undefined) await assertNoneLeft(this, metadata);
    return result;
  }

  /** @throws StatementRefusedError if ON DELETE would delete or change rows that the scope may not see */
  protected override createDeleteExpression(): string {
    const metadata = targetMetadata(this.expressionMap);
    const { policies } = requireEnforcement(this.dataSource);
    const cascade = metadata && !isUnscoped() ? policies.cascades.ofDelete(metadata) : undefined;
    if (cascade !== undefined) {
      throw new StatementRefusedError(
        `deleting rows of ${metadata!.name} would change rows of ${cascade.entity.name} outside the scope, through ${cascade.by}`,
        "Run it in tenancy.unscoped('why', fn), or give that foreign key onDelete: 'RESTRICT'.",
      );
    }
    return super.createDeleteExpression();
  }
}

/** A soft delete or restore that changes rows of the tenant scope only. */
export class ScopedSoftDeleteQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(
  SoftDeleteQueryBuilder,
)<Entity> {
  override async execute(): Promise<UpdateResult> {
    const result = await super.execute();
    // TypeORM soft-deletes rows of entities only, so there is metadata.
    if (result.affected === 0) await assertNoneLeft(this, targetMetadata(this.expressionMap)!);
    return result;
  }

  /** Records the entity for errors: a restored row may violate a unique key. */
  protected override createUpdateExpression(): string {
    currentBuildContext()?.writes.push(targetMetadata(this.expressionMap)!);
    return super.createUpdateExpression();
  }
}

builderRegistry.delete = ScopedDeleteQueryBuilder;
builderRegistry.softDelete = ScopedSoftDeleteQueryBuilder;
