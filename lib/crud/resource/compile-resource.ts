import type { Type } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import type { BodySchema } from '../body/body-schema.js';
import { BodyValidator } from '../body/body-validator.js';
import { compileId, compileKey } from '../model/compile-id.js';
import { compileOneToOneId, compileParents } from '../parents/compile-parents.js';
import { DEFAULT_MAX_BULK } from '../options/crud-defaults.js';
import type { CrudDtos, CrudOptions } from '../options/crud-options.js';
import type { BodyRoute, CrudRoute } from '../options/crud-routes.js';
import type { AnyParentOptions } from '../options/parent-options.js';
import { exposedProperties } from '../model/response-exposure.js';
import type { ExposedProperties } from '../model/response-exposure.js';
import { buildFieldTree } from '../model/field-tree.js';
import { compileLinkEnds } from '../links/link-target.js';
import { compileLinks } from '../links/link-field.js';
import { isHidden } from '../model/hidden-columns.js';
import { isColumnExposedUntransformed } from '../model/column-exposure.js';
import { compileListRules } from '../query/compile-list-rules.js';
import { compileProjectionRules } from '../query/compile-projection-rules.js';
import { compileColumns, isChangeable, isCreatable, isSelected, topLevelProperty } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { EntitySerializer } from '../response/entity-serializer.js';
import { ResponseSerializer } from '../response/response-serializer.js';
import { Resource } from './resource.js';
import { pathSegment } from '../column-types/text-types.js';
import { mayShowMore } from '../model/non-column-properties.js';
import { writeProblems } from './validate-write-options.js';

/** The arguments of {@link compileResource}. */
export interface ResourceSource<T extends object> {
  readonly dataSource: DataSource;
  readonly entity: Type<T>;
  /** The controller's options, merged with the module's defaults. */
  readonly options: CrudOptions<T>;
  /** True if `create` is a cross-tenant route, so that the body must contain the tenant. */
  readonly createsForAnyTenant: boolean;
  /** The module's default order. */
  readonly moduleSort: readonly string[];
  /** The routes that the controller serves. */
  readonly routes: readonly CrudRoute[];
  /** True if one of the routes is a cross-tenant route, so that an id must contain the tenant. */
  readonly hasCrossTenantRoutes: boolean;
  /** The name of the controller or entity, for errors. */
  readonly where: string;
}

/**
 * Compiles an entity and the options of `@Crud` into a resource.
 *
 * @throws MuckConfigurationError with every invalid option
 */
export function compileResource<T extends object>(source: ResourceSource<T>): Resource<T> {
  const { dataSource, entity, options } = source;
  const metadata = dataSource.getMetadata(entity);
  const columns = compileColumns(dataSource, metadata).map((column) =>
    standsInPath(column, options.id) ? { ...column, type: pathSegment(column.type) } : column,
  );
  if (metadata.primaryColumns.length === 0) {
    const line = metadata.tableType === 'view' ? '@PrimaryColumn() in place of @ViewColumn()' : '@PrimaryColumn()';
    throw new MuckConfigurationError([
      `${source.where}: ${metadata.name} has no primary key, which ids and the order of pages need. Put ${line} on a column whose values are unique.`,
    ]);
  }
  const problems: string[] = [];
  const idSource = { dataSource, metadata, columns, spansTenants: source.hasCrossTenantRoutes };
  const key = compileKey(idSource, problems);
  const parentOptions = options.parent as AnyParentOptions | undefined;
  const parents = compileParents({ ...idSource, options: parentOptions }, problems);
  const within = parents?.columns.map(({ own }) => own.metadata) ?? [];
  const id =
    options.oneToOne === true
      ? compileOneToOneId(idSource, key, parents, problems)
      : compileId(idSource, key, options.id, within, problems);

  const dto = options.dto ?? {};
  const shown = {
    summary: shownColumns(entity, columns, dto.response),
    detail: shownColumns(entity, columns, dto.detail ?? dto.response),
  };
  const comparable = columns.filter(
    (column) => isSelected(column) && isColumnExposedUntransformed(column, shown.summary, dto.response),
  );
  const rowSource = { dataSource, metadata, options, columns };
  const rows = compileProjectionRules({ ...rowSource, shown: shown.summary, dto: dto.response }, problems);
  const row = compileProjectionRules({ ...rowSource, shown: shown.detail, dto: dto.detail ?? dto.response }, problems);
  const list = compileListRules(
    { dataSource, metadata, options, columns, plainlyShown: comparable, rows, moduleSort: source.moduleSort },
    problems,
  );
  // Without a DTO, responses also contain `@RelationId` properties.
  const relationIds = exposedProperties(
    entity,
    metadata.relationIds.map(({ propertyName }) => propertyName),
  );
  const shownProperties = [...shown.summary.values(), ...shown.detail.values(), ...relationIds.values()];
  const shownKeys = new Set(shownProperties.map((property) => property.key));
  // A response DTO exposes only its own properties.
  const showsMore = (): boolean => (dto.detail ?? dto.response) === undefined && mayShowMore(dataSource, metadata);
  const bodies = compileBodies(source, columns, { shownKeys, mayShowMore: showsMore }, problems);
  for (const [name, type] of Object.entries({ response: dto.response, detail: dto.detail })) {
    if (type !== undefined && exposedProperties(type, []).size === 0) {
      problems.push(
        `dto.${name} ${type.name} exposes no property: put @Expose() on each property that clients may see`,
      );
    }
  }
  const linkEnds = compileLinkEnds(idSource, options.links ?? [], problems);
  problems.push(...writeProblems(options, source.routes, metadata));
  if (problems.length > 0)
    throw new MuckConfigurationError([...new Set(problems)].map((problem) => `${source.where}: ${problem}.`));
  return new Resource({
    entity,
    dataSource,
    metadata,
    columns,
    fields: buildFieldTree(columns),
    key,
    id,
    parents,
    isOneToOne: options.oneToOne ?? false,
    list,
    row,
    bodies,
    shown: shown.detail,
    serializer: new ResponseSerializer(
      entity,
      new EntitySerializer(dataSource, metadata),
      dto.response,
      dto.detail ?? dto.response,
    ),
    strictPayload: options.strictPayload ?? false,
    constraints: options.constraints ?? {},
    maxBulkRows: options.bulk?.max ?? DEFAULT_MAX_BULK,
    requireIfMatch: options.requireIfMatch ?? false,
    problemDetails: options.problemDetails ?? 'negotiate',
    linkFields: compileLinks(idSource),
    linkEnds,
  });
}

/** Checks whether a text column is used as the id in a path, where it must not be `.` or `..`. */
function standsInPath({ property, metadata, type }: ResourceColumn, id: string | undefined): boolean {
  const isId = id === undefined ? metadata.isPrimary : property === id;
  return isId && type.comparability === 'text';
}

/** Returns the properties that a response exposes, by the entity's property names. */
function shownColumns(
  entity: Type<object>,
  columns: readonly ResourceColumn[],
  dto: Type<object> | undefined,
): ExposedProperties {
  const loaded = new Set(columns.filter(isSelected).map(topLevelProperty));
  if (dto === undefined) return exposedProperties(entity, loaded);
  // A DTO property that is filled from a column with another name exposes that column.
  return new Map(
    [...exposedProperties(dto, [])].map(([property, shown]) => [
      !loaded.has(property) && loaded.has(shown.key) ? shown.key : property,
      shown,
    ]),
  );
}

function compileBodies<T extends object>(
  { entity, options, createsForAnyTenant }: ResourceSource<T>,
  columns: readonly ResourceColumn[],
  shown: Pick<BodySchema, 'shownKeys' | 'mayShowMore'>,
  problems: string[],
): Record<BodyRoute, BodyValidator> {
  const { create, update = create, patch }: CrudDtos = options.dto ?? {};
  const fields = buildFieldTree(columns);
  const form = { entity, fields, ...shown, partial: false, isBorrowed: false, tenantColumns: [] };
  const named = createsForAnyTenant ? columns.filter(({ writableBy }) => writableBy === 'tenant') : [];
  // Only a DTO can make a hidden column writable.
  const open = (dto: Type<object> | undefined, may: (column: ResourceColumn) => boolean): BodySchema['accepts'] =>
    dto === undefined ? (column) => may(column) && !isHidden(column) : may;
  const patched = patch ?? update;
  const bodies = {
    create: new BodyValidator({ ...form, dto: create, accepts: open(create, isCreatable), tenantColumns: named }),
    replace: new BodyValidator({ ...form, dto: update, accepts: open(update, isChangeable) }),
    update: new BodyValidator({
      ...form,
      dto: patched,
      accepts: open(patched, isChangeable),
      partial: true,
      isBorrowed: patch === undefined,
    }),
  };
  for (const [name, type] of Object.entries({ create, update, patch })) {
    if (type !== undefined && new BodyValidator({ ...form, dto: type, accepts: isChangeable }).isEmpty) {
      problems.push(
        `dto.${name} ${type.name} has no class-validator rules, so every property of a body would be dropped`,
      );
    }
  }
  return bodies;
}
