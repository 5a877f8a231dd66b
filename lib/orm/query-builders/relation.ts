import { Brackets, EntityNotFoundError, RelationQueryBuilder } from 'typeorm';
import type { EntityMetadata, ObjectLiteral, QueryRunner, UpdateQueryBuilder } from 'typeorm';
import { RelationUpdater } from '../../common/peer-internals.js';
import type { ColumnMetadata, RelationMetadata } from '../../common/peer-internals.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import { withTenantOfKey } from '../writes/tenant-in-primary-key.js';
import { assertOwn, areAllVisible, selectByKeys, toDatabaseValues } from '../lookups/foreign-key-check.js';
import { builderRegistry } from '../enforcement/builder-registry.js';
import { ScopedBuilder } from './scoped-builder.mixin.js';

/**
 * Sets, adds and removes relations between rows of the tenant scope. TypeORM sends the writes without checking that the
 * rows exist; here a write that would affect no row throws. In a scope, the keys of rows may omit the tenant.
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
    // TypeORM's method uses the number of key columns of the near side for the far side.
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
   * Checks the rows of the near side. If the foreign key is on the far side, also checks the rows there, which are
   * written.
   *
   * @returns the rows of the far side, with the tenants of their keys
   */
  private async requireRows(value: unknown): Promise<unknown> {
    const relation = this.expressionMap.relationMetadata;
    this.completeNearSide();
    const isThere = holdsKeyThere(relation);
    await this.assertVisible(relation.entityMetadata, this.expressionMap.of as unknown, !isThere);
    const far = this.withTenants(relation.inverseEntityMetadata, value);
    if (isThere) await this.assertVisible(relation.inverseEntityMetadata, far, true);
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

  private async assertVisible(metadata: EntityMetadata, rows: unknown, own: boolean): Promise<void> {
    const { policies } = requireEnforcement(this.dataSource);
    if (rows === undefined || rows === null || !policies.isLimited(metadata)) return;
    const columns = metadata.primaryColumns;
    const keys = listOf(rows).map((row) => this.storedKey(row, columns));
    await this.onRunner(async (queryRunner) => {
      if (own) await assertOwn(queryRunner, metadata, columns, keys);
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

  /** Returns the key of a row as it is stored. The value of a single key column may be given without an object. */
  private storedKey(row: unknown, columns: readonly ColumnMetadata[]): readonly unknown[] {
    return typeof row === 'object' && row !== null ? toDatabaseValues(row, columns, this.dataSource) : [row];
  }

  /**
   * Clears composite references to the near side in rows of the far side. TypeORM joins the conditions on the columns
   * by OR, and uses the relation's property for each of them.
   *
   * @param rows undefined for all rows that reference the near side
   */
  private async clearThere(rows: readonly unknown[] | undefined): Promise<void> {
    const { inverseRelation, inverseEntityMetadata: there, entityMetadata: here } = this.expressionMap.relationMetadata;
    const { joinColumns } = inverseRelation!;
    // The referenced columns need not be part of the primary key.
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

  /**
   * Returns an update that sets the relation to null. TypeORM's own update names the columns, so it would clear the
   * tenant column too.
   */
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
