import { Brackets, EntityNotFoundError, RelationQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, QueryRunner, UpdateQueryBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { RelationUpdater } from 'typeorm/query-builder/RelationUpdater.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { withTenantOfKey } from '../writes/tenant-in-primary-key.js';
import { requireOwn, areAllVisible, selectByKeys, toDatabaseValues } from '../lookups/foreign-key-check.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';

/**
 * Sets, adds and removes relations between rows of the tenant scope. TypeORM sends the writes without looking whether the rows are there;
 * a write that would touch nothing is an error here, not a silent success. In a scope the keys of rows need no tenant.
 */
export class ScopedRelationQueryBuilder<Entity extends ObjectLiteral> extends ScopedBuilder(
  RelationQueryBuilder,
)<Entity> {
  override async set(value: unknown): Promise<void> {
    const far = await this.requireRows(value);
    const relation = this.expressionMap.relationMetadata;
    const of: unknown = this.expressionMap.of;
    if (far !== null || !of || !hasSeveralColumns(relation)) return super.set(far);
    if (holdsKeyThere(relation)) return this.clearThere(undefined);
    await this.clear(relation).whereInIds(of).execute();
  }

  override async add(value: unknown): Promise<void> {
    const far = await this.requireRows(value);
    const relation = this.expressionMap.relationMetadata;
    const of: unknown = this.expressionMap.of;
    if (!relation.isManyToMany || !of) return super.add(far);
    // TypeORM's method takes the number of columns of the near side's key for that of the far side's.
    return new RelationUpdater(this, this.expressionMap).update(far);
  }

  override async remove(value: unknown): Promise<void> {
    await this.requireRows(undefined);
    const relation = this.expressionMap.relationMetadata;
    const of: unknown = this.expressionMap.of;
    const far = this.withTenants(relation.inverseEntityMetadata, value);
    if (!relation.isOneToMany || !of || !hasSeveralColumns(relation)) return super.remove(far);
    if (!Array.isArray(far) || far.length > 0) return this.clearThere(listOf(far));
  }

  override loadMany<T>(): Promise<T[]> {
    this.completeNearSide();
    return super.loadMany();
  }

  /**
   * Requires the rows that the relation is of, and for a relation whose key is on the far side the rows there, which are written then.
   *
   * @returns the rows of the far side, with the tenants of their keys
   */
  private async requireRows(value: unknown): Promise<unknown> {
    const relation = this.expressionMap.relationMetadata;
    this.completeNearSide();
    const isThere = holdsKeyThere(relation);
    await this.requireVisible(relation.entityMetadata, this.expressionMap.of as unknown, !isThere);
    const far = this.withTenants(relation.inverseEntityMetadata, value);
    if (isThere) await this.requireVisible(relation.inverseEntityMetadata, far, true);
    return far;
  }

  private completeNearSide(): void {
    const { expressionMap } = this;
    expressionMap.of = this.withTenants(expressionMap.relationMetadata.entityMetadata, expressionMap.of) as never;
  }

  private withTenants(metadata: EntityMetadata, rows: unknown): unknown {
    const { policies } = requireEnforcement(this.dataSource);
    const complete = (row: unknown): unknown => withTenantOfKey(metadata, row, policies);
    return Array.isArray(rows) ? rows.map(complete) : complete(rows);
  }

  private async requireVisible(metadata: EntityMetadata, rows: unknown, own: boolean): Promise<void> {
    const { policies } = requireEnforcement(this.dataSource);
    if (rows === undefined || rows === null || !policies.isLimited(metadata)) return;
    const columns = metadata.primaryColumns;
    const keys = listOf(rows).map((row) => this.storedKey(row, columns));
    await this.onRunner(async (queryRunner) => {
      if (own) await requireOwn(queryRunner, metadata, columns, keys);
      else if (!(await areAllVisible(queryRunner, metadata, columns, keys)))
        throw new EntityNotFoundError(metadata.target, {});
    });
  }

  private async onRunner<R>(fn: (queryRunner: QueryRunner) => Promise<R>): Promise<R> {
    const queryRunner = this.obtainQueryRunner();
    try {
      return await fn(queryRunner);
    } finally {
      if (queryRunner !== this.queryRunner) await queryRunner.release();
    }
  }

  /** The key of a row as it is stored; of a single column it may be given by itself. */
  private storedKey(row: unknown, columns: readonly ColumnMetadata[]): readonly unknown[] {
    return typeof row === 'object' && row !== null ? toDatabaseValues(row, columns, this.dataSource) : [row];
  }

  /**
   * Takes references to the near side out of rows of the far side, where they have several columns: TypeORM joins the conditions on
   * them by OR, and names them all by the relation's property.
   *
   * @param rows undefined for all that refer to the near side
   */
  private async clearThere(rows: readonly unknown[] | undefined): Promise<void> {
    const { inverseRelation, inverseEntityMetadata: there, entityMetadata: here } = this.expressionMap.relationMetadata;
    const { joinColumns } = inverseRelation!;
    // References may name columns that are no part of the key.
    const referenced = joinColumns.map(({ referencedColumn }) => referencedColumn!);
    const keys = listOf(this.expressionMap.of).map((row) => this.storedKey(row, here.primaryColumns));
    const near = await this.onRunner((runner) => selectByKeys(runner, here, here.primaryColumns, keys, referenced));
    if (near.length === 0) return;
    let parameters = 0;
    const meets = (columns: readonly ColumnMetadata[], values: readonly unknown[]): Brackets =>
      new Brackets((all) => {
        for (const [i, column] of columns.entries()) {
          const name = `key_${parameters++}`;
          all.andWhere(`${this.escape(column.databaseName)} = :${name}`, { [name]: values[i] });
        }
      });
    const is = (row: unknown): Brackets => meets(there.primaryColumns, this.storedKey(row, there.primaryColumns));
    const update = this.clear(inverseRelation!);
    update.where(new Brackets((some) => near.forEach((values) => some.orWhere(meets(joinColumns, values)))));
    if (rows !== undefined) update.andWhere(new Brackets((some) => rows.forEach((row) => some.orWhere(is(row)))));
    await update.execute();
  }

  /** An update that takes the reference out of rows. One of TypeORM's that names the columns would take their tenant too. */
  private clear(relation: RelationMetadata): UpdateQueryBuilder<ObjectLiteral> {
    return this.createQueryBuilder()
      .update(relation.entityMetadata.target)
      .set(relation.createValueMap(null) as ObjectLiteral);
  }
}

function holdsKeyThere(relation: RelationMetadata): boolean {
  return relation.isOneToMany || relation.isOneToOneNotOwner;
}

function hasSeveralColumns(relation: RelationMetadata): boolean {
  const { joinColumns } = holdsKeyThere(relation) ? relation.inverseRelation! : relation;
  return joinColumns.length > 1;
}

function listOf(rows: unknown): readonly unknown[] {
  return Array.isArray(rows) ? (rows as unknown[]) : [rows];
}

builderRegistry.relation = ScopedRelationQueryBuilder;
