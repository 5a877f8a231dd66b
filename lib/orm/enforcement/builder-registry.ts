import type {
  DataSource,
  DeleteQueryBuilder,
  InsertQueryBuilder,
  ObjectLiteral,
  QueryBuilder,
  QueryRunner,
  RelationQueryBuilder,
  SelectQueryBuilder,
  UpdateQueryBuilder,
} from 'typeorm';
import type { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';

/** A query builder of one kind made from another, which it takes its aliases, conditions and query runner from. */
type BuilderConstructor<B> = new (builder: QueryBuilder<ObjectLiteral>) => B;

/** The scoped builders by kind. They make each other; TypeORM's own registry is process-wide and every new DataSource resets it. */
export interface BuilderRegistry {
  select: BuilderConstructor<SelectQueryBuilder<ObjectLiteral>> &
    (new (dataSource: DataSource, queryRunner?: QueryRunner) => SelectQueryBuilder<ObjectLiteral>);
  insert: BuilderConstructor<InsertQueryBuilder<ObjectLiteral>>;
  update: BuilderConstructor<UpdateQueryBuilder<ObjectLiteral>>;
  delete: BuilderConstructor<DeleteQueryBuilder<ObjectLiteral>>;
  softDelete: BuilderConstructor<SoftDeleteQueryBuilder<ObjectLiteral>>;
  relation: BuilderConstructor<RelationQueryBuilder<ObjectLiteral>>;
}

/** Filled in by each builder's own file, so that none has to import the others. */
export const builderRegistry: Partial<BuilderRegistry> = {};
