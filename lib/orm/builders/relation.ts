import { EntityNotFoundError, RelationQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { requireEnforcement } from '../enforcement.js';
import { requireOwn, seesAll, storedValues } from '../visible-rows.js';
import { family } from './family.js';
import { scoped } from './scoped.js';
import { isLimited } from './write-rules.js';

/**
 * Sets, adds and removes relations between rows of the tenant scope. TypeORM sends the writes without looking whether the rows are there;
 * a write that would touch nothing is an error here, not a silent success.
 */
export class ScopedRelationQueryBuilder<Entity extends ObjectLiteral> extends scoped(RelationQueryBuilder)<Entity> {
  override async set(value: unknown): Promise<void> {
    await this.requireRows(value);
    return super.set(value);
  }

  override async add(value: unknown): Promise<void> {
    await this.requireRows(value);
    return super.add(value);
  }

  override async remove(value: unknown): Promise<void> {
    await this.requireRows(undefined);
    return super.remove(value);
  }

  /** The rows that the relation is of, and for a relation whose key is on the far side the rows there, which are written then. */
  private async requireRows(value: unknown): Promise<void> {
    const relation = this.expressionMap.relationMetadata;
    const holdsKeyThere = relation.isOneToMany || relation.isOneToOneNotOwner;
    await this.requireVisible(relation.entityMetadata, this.expressionMap.of as unknown, !holdsKeyThere);
    if (holdsKeyThere) await this.requireVisible(relation.inverseEntityMetadata, value, true);
  }

  private async requireVisible(metadata: EntityMetadata, rows: unknown, own: boolean): Promise<void> {
    const { policies } = requireEnforcement(this.dataSource);
    if (rows === undefined || rows === null || !isLimited(metadata, policies)) return;
    const columns = metadata.primaryColumns;
    const keys = (Array.isArray(rows) ? (rows as unknown[]) : [rows]).map((row) =>
      typeof row === 'object' && row !== null ? storedValues(row, columns, this.dataSource) : [row],
    );
    const queryRunner = this.obtainQueryRunner();
    try {
      if (own) await requireOwn(queryRunner, metadata, columns, keys);
      else if (!(await seesAll(queryRunner, metadata, columns, keys)))
        throw new EntityNotFoundError(metadata.target, {});
    } finally {
      if (queryRunner !== this.queryRunner) await queryRunner.release();
    }
  }
}

family.relation = ScopedRelationQueryBuilder;
