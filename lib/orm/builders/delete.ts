import { DeleteQueryBuilder } from 'typeorm';
import type { ObjectLiteral } from 'typeorm';
import { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
import { family } from './family.js';
import { scoped } from './scoped.js';

/** A delete that removes rows of the tenant scope only. */
export class ScopedDeleteQueryBuilder<Entity extends ObjectLiteral> extends scoped(DeleteQueryBuilder)<Entity> {}

/** A soft delete or restore that touches rows of the tenant scope only. */
export class ScopedSoftDeleteQueryBuilder<Entity extends ObjectLiteral> extends scoped(
  SoftDeleteQueryBuilder,
)<Entity> {}

family.delete = ScopedDeleteQueryBuilder;
family.softDelete = ScopedSoftDeleteQueryBuilder;
