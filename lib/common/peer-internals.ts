/**
 * Everything that the library imports from inside a peer dependency, past its public entry point. A new version of a
 * peer may move or change these, so an update is checked here first.
 */

import { defaultMetadataStorage as storage } from 'class-transformer/cjs/storage.js';
import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';

/** Metadata keys of Nest's decorators. */
export {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  HOST_METADATA,
  HTTP_CODE_METADATA,
  INTERCEPTORS_METADATA,
  METHOD_METADATA,
  MODULE_PATH,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  PIPES_METADATA,
  PROPERTY_DEPS_METADATA,
  ROUTE_ARGS_METADATA,
  SELF_DECLARED_DEPS_METADATA,
  SSE_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants.js';
export type { Module } from '@nestjs/core/injector/module.js';
export { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';

export type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';

export type { QueryResultCache } from 'typeorm/cache/QueryResultCache.js';
export type { QueryResultCacheOptions } from 'typeorm/cache/QueryResultCacheOptions.js';
export type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
export type { IsolationLevel } from 'typeorm/driver/types/IsolationLevel.js';
export { SqljsEntityManager } from 'typeorm/entity-manager/SqljsEntityManager.js';
export type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
export type { EmbeddedMetadata } from 'typeorm/metadata/EmbeddedMetadata.js';
export type { EntityListenerMetadata } from 'typeorm/metadata/EntityListenerMetadata.js';
export type { ForeignKeyMetadata } from 'typeorm/metadata/ForeignKeyMetadata.js';
export type { IndexMetadata } from 'typeorm/metadata/IndexMetadata.js';
export type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
export type { ReadStream } from 'typeorm/platform/PlatformTools.js';
export type { QueryExpressionMap } from 'typeorm/query-builder/QueryExpressionMap.js';
export { RelationUpdater } from 'typeorm/query-builder/RelationUpdater.js';
export { SoftDeleteQueryBuilder } from 'typeorm/query-builder/SoftDeleteQueryBuilder.js';
export type { WhereClause } from 'typeorm/query-builder/WhereClause.js';
export { ApplyValueTransformers } from 'typeorm/util/ApplyValueTransformers.js';
export { DateUtils } from 'typeorm/util/DateUtils.js';
export { RandomGenerator } from 'typeorm/util/RandomGenerator.js';

/**
 * The metadata of class-transformer's decorators. Its type is named, since the file that is loaded has no declaration.
 */
export const defaultMetadataStorage: MetadataStorage = storage;
