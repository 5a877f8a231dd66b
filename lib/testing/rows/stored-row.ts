import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';

/** A stored row of any tenant. */
export interface StoredRow {
  readonly metadata: EntityMetadata;
  /** Values as the driver returns them, by column name. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Values as entities hold them, by property path. A foreign key without a property of its own: by its relation. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The primary key as text. */
  readonly key: string;
  /** The tenants of the test to which the row belongs, by position. Two for a row that links rows of both. */
  readonly owners: ReadonlySet<number>;
}

/** Describes a row in reports: `Ticket 7`. */
export function describeRow({ metadata, key }: StoredRow): string {
  return `${metadata.name} ${key}`;
}

/** Returns the property under which {@link StoredRow.values} has a column. */
export function propertyOf(column: ColumnMetadata): string {
  return column.isVirtual && column.relationMetadata !== undefined
    ? column.relationMetadata.propertyPath
    : column.propertyPath;
}
