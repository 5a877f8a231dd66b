import type { Type } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import { isExposedUntransformed, isExcludeAll, exposedProperties } from '../model/response-exposure.js';
import type { ExposedProperties } from '../model/response-exposure.js';
import { isSelected } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** A column and its JSON key and serialization in a response. */
export interface JsonField {
  readonly column: ResourceColumn;
  readonly key: string;
  readonly toJson: ((value: unknown) => unknown) | undefined;
}

/** The fields of a response that needs no entities. */
export interface JsonProjection {
  /** In the order of the response. */
  readonly fields: readonly JsonField[];
  /** The properties that an instance of the class has from the start, in their order; relations too. */
  readonly declared: readonly string[];
  /** True if the entity's class is serialized, and not a DTO. */
  readonly isOfEntity: boolean;
}

/** The arguments of {@link compileJsonProjection}. */
export interface JsonFieldsSource {
  readonly metadata: EntityMetadata;
  readonly columns: readonly ResourceColumn[];
  readonly shown: ExposedProperties;
  readonly dto: Type<object> | undefined;
}

/**
 * Returns the fields of a response in their order, if it contains only untransformed columns. Then no class changes a
 * row while it is loaded or serialized, so no entities are needed.
 *
 * @returns undefined if entities are needed
 */
export function compileJsonProjection({ metadata, columns, shown, dto }: JsonFieldsSource): JsonProjection | undefined {
  const { target } = metadata;
  const rowFields = declaredOf(() => createRow(metadata));
  const declared = dto === undefined ? rowFields : declaredOf(() => new dto());
  if (typeof target !== 'function' || !isFlatEntity(metadata) || rowFields === undefined || declared === undefined)
    return undefined;
  const loaded = new Map(columns.filter(isSelected).map((column) => [column.property, column]));
  // The order is that of the DTO, or else of the entity instance: class fields first, in the order of their
  // declaration.
  const shownNames = dto === undefined ? [...loaded.keys()].filter((name) => shown.has(name)) : namesIn(dto, shown);
  if (shownNames?.length !== shown.size) return undefined;
  const names = [...new Set([...declared, ...shownNames])].filter((name) => shownNames.includes(name));
  const columnNames = dto === undefined ? names : names.map((name) => [...shown.keys()][shownNames.indexOf(name)]);
  const fields = columnNames.map((property): JsonField | undefined => {
    const column = loaded.get(property);
    const key = shown.get(property)!.key;
    // If another column has this key as its name, class-transformer decides which one is used.
    const isPlain = column !== undefined && (key === property || !loaded.has(key));
    return isPlain ? { column, key, toJson: column.type.toJson } : undefined;
  });
  if (fields.includes(undefined) || !columnNames.every((name) => isExposedUntransformed(target, name)))
    return undefined;
  const projection = { fields: fields as JsonField[], declared, isOfEntity: dto === undefined };
  if (dto === undefined) return isExcludeAll(target) ? undefined : projection;
  const isPlainDto =
    names.every((name) => isExposedUntransformed(dto, name)) &&
    fields.every((field) => SCALARS.has(field!.column.type.schema.type));
  return isPlainDto ? projection : undefined;
}

/**
 * Returns the DTO's own names of the properties in `shown`, in the same order.
 *
 * @returns undefined if two of them expose the same column
 */
function namesIn(dto: Type<object>, shown: ExposedProperties): readonly string[] | undefined {
  const names = [...exposedProperties(dto, []).keys()];
  return names.length === shown.size ? names : undefined;
}

/** JSON types of values that are not class instances. */
const SCALARS: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean']);

function isFlatEntity(metadata: EntityMetadata): boolean {
  return (
    metadata.childEntityMetadatas.length === 0 &&
    metadata.discriminatorColumn === undefined &&
    metadata.embeddeds.length === 0 &&
    metadata.relationIds.length === 0 &&
    metadata.afterLoadListeners.length === 0 &&
    metadata.lazyRelations.length === 0
  );
}

function createRow(metadata: EntityMetadata): object {
  return metadata.create(undefined, { fromDeserializer: true }) as object;
}

/**
 * Returns the properties of a new instance of a class in their order: class fields without a value.
 *
 * @returns undefined if a property has a value, which the response would contain, or if the constructor throws
 */
function declaredOf(create: () => object): readonly string[] | undefined {
  try {
    const entries = Object.entries(create());
    return entries.every(([, value]) => value === undefined) ? entries.map(([property]) => property) : undefined;
  } catch {
    return undefined;
  }
}
