import type { Type } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import { isShownPlainly, showsExposedOnly } from '../resource/exposure.js';
import type { ShownProperties } from '../resource/exposure.js';
import { isLoaded } from '../resource/resource-column.js';
import type { ResourceColumn } from '../resource/resource-column.js';

/** A column of a row, as an answer shows it. */
export interface JsonField {
  readonly column: ResourceColumn;
  readonly key: string;
  readonly toJson: ((value: unknown) => unknown) | undefined;
}

/** What {@link compileJsonFields} needs to know. */
export interface JsonFieldsSource {
  readonly metadata: EntityMetadata;
  readonly columns: readonly ResourceColumn[];
  readonly shown: ShownProperties;
  readonly dto: Type<object> | undefined;
}

/**
 * The fields of an answer in their order, where it shows nothing but columns as they are: no class makes something of a row while it is
 * loaded or shown, and so none is needed for it.
 *
 * @returns undefined where entities are needed
 */
export function compileJsonFields({
  metadata,
  columns,
  shown,
  dto,
}: JsonFieldsSource): readonly JsonField[] | undefined {
  const { target } = metadata;
  if (
    typeof target !== 'function' ||
    !isPlainEntity(metadata) ||
    !startsEmpty(() => metadata.create(undefined, { fromDeserializer: true }) as object)
  )
    return undefined;
  const loaded = new Map(columns.filter(isLoaded).map((column) => [column.property, column]));
  // A DTO decides the order, otherwise the row does.
  const order = dto === undefined ? [...loaded.keys()].filter((property) => shown.has(property)) : [...shown.keys()];
  const fields = order.map((property): JsonField | undefined => {
    const column = loaded.get(property);
    const key = shown.get(property)!.key;
    // What the class-transformer would find under another name is for it to find.
    const isPlain = column !== undefined && (key === property || !loaded.has(key));
    return isPlain ? { column, key, toJson: column.type.toJson } : undefined;
  });
  const isShownSo = (type: Function): boolean => order.every((property) => isShownPlainly(type, property));
  if (order.length !== shown.size || fields.includes(undefined)) return undefined;
  if (dto === undefined) return isShownSo(target) && !showsExposedOnly(target) ? (fields as JsonField[]) : undefined;
  const isPlainDto =
    isShownSo(dto) &&
    isShownSo(target) &&
    startsEmpty(() => new dto()) &&
    fields.every((field) => SCALARS.has(field!.column.type.schema.type));
  return isPlainDto ? (fields as JsonField[]) : undefined;
}

/** Types in JSON of values that no class stands behind. */
const SCALARS: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean']);

function isPlainEntity(metadata: EntityMetadata): boolean {
  return (
    metadata.childEntityMetadatas.length === 0 &&
    metadata.discriminatorColumn === undefined &&
    metadata.embeddeds.length === 0 &&
    metadata.relationIds.length === 0 &&
    metadata.afterLoadListeners.length === 0 &&
    metadata.lazyRelations.length === 0
  );
}

/** Whether nothing is in an object of a class before something is put there. */
function startsEmpty(create: () => object): boolean {
  try {
    return Object.keys(create()).length === 0;
  } catch {
    return false;
  }
}
