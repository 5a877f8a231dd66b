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
import type { SoftDeleteQueryBuilder } from '../../common/peer-internals.js';

/**
 * The constructor of one kind of query builder. It copies aliases, conditions and query runner from the given builder.
 */
type BuilderConstructor<B> = new (builder: QueryBuilder<ObjectLiteral>) => B;

/**
 * The scoped builders by kind, which create each other. TypeORM's own registry cannot be used: it is process-wide, and
 * every new DataSource resets it.
 */
export interface BuilderRegistry {
  select: BuilderConstructor<SelectQueryBuilder<ObjectLiteral>> &
    (new (dataSource: DataSource, queryRunner?: QueryRunner) => SelectQueryBuilder<ObjectLiteral>);
  insert: BuilderConstructor<InsertQueryBuilder<ObjectLiteral>>;
  update: BuilderConstructor<UpdateQueryBuilder<ObjectLiteral>>;
  delete: BuilderConstructor<DeleteQueryBuilder<ObjectLiteral>>;
  softDelete: BuilderConstructor<SoftDeleteQueryBuilder<ObjectLiteral>>;
  relation: BuilderConstructor<RelationQueryBuilder<ObjectLiteral>>;
}

/**
 * Each builder's file sets its own entry when it is imported, so that the builders need not import each other.
 * `instrument-data-source.ts` imports them all, so every entry is set before a builder is used.
 */
export const builderRegistry: Partial<BuilderRegistry> = {};
