import { DeleteQueryBuilder } from 'typeorm';
import type { ObjectLiteral } from 'typeorm';
import { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { StatementRefusedError } from '../../exceptions/statement-refused.error.js';
import { isUnscoped } from '../authority.js';
import { requireEnforcement } from '../enforcement.js';
import { family } from './family.js';
import { scoped } from './scoped.js';
import { writtenMetadata } from './write-rules.js';

/** A delete that removes rows of the tenant scope only. */
export class ScopedDeleteQueryBuilder<Entity extends ObjectLiteral> extends scoped(DeleteQueryBuilder)<Entity> {
  /** @throws StatementRefusedError for a shared row with which the database would delete or change rows of all tenants */
  protected override createDeleteExpression(): string {
    const metadata = writtenMetadata(this.expressionMap);
    const { policies } = requireEnforcement(this.dataSource);
    const along = metadata && !isUnscoped() ? policies.takenAlongWith(metadata) : undefined;
    if (along !== undefined) {
      throw new StatementRefusedError(
        `deleting rows of ${metadata!.name} would take rows of ${along.name} along, of all tenants`,
        "Do it in tenancy.unscoped('why', fn), or give the foreign key onDelete: 'RESTRICT'.",
      );
    }
    return super.createDeleteExpression();
  }
}

/** A soft delete or restore that touches rows of the tenant scope only. */
export class ScopedSoftDeleteQueryBuilder<Entity extends ObjectLiteral> extends scoped(
  SoftDeleteQueryBuilder,
)<Entity> {}

family.delete = ScopedDeleteQueryBuilder;
family.softDelete = ScopedSoftDeleteQueryBuilder;
