import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { mayBeShared } from '../../orm/tenant-columns.js';
import { isUnique } from '../../orm/policy/unique-keys.js';
import { isSelected } from './resource-column.js';
import type { ResourceColumn } from './resource-column.js';
import { ResourceId } from './resource-id.js';

/** An entity's columns, and whether its ids span tenants. */
export interface IdSource {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly columns: readonly ResourceColumn[];
  /** True if the rows belong to several tenants. Then a tenant column of the primary key is part of the id. */
  readonly spansTenants: boolean;
}

/**
 * Returns the primary key as an id. A tenant column of a composite key is omitted if the scope sets its value.
 *
 * @param problems receives the problems that prevent serving the entity
 */
export function compileKey(source: IdSource, problems: string[]): ResourceId {
  const { dataSource, metadata, columns, spansTenants } = source;
  const primary = columns.filter((column) => column.metadata.isPrimary);
  const implied = spansTenants ? [] : primary.filter(({ tenant }) => tenant);
  // The primary key of a tenant table is the tenant column itself.
  const isTenantItself = implied.length === primary.length;
  const named = isTenantItself ? primary : primary.filter((column) => !implied.includes(column));
  checkParts(metadata, named, problems);
  return new ResourceId(dataSource, metadata, named, isTenantItself ? [] : implied);
}

/**
 * Returns the id of a resource: the column of the option `id`, or the primary key.
 *
 * @param property its name; undefined for the primary key
 * @param within columns with one value for all served rows: those of the parent
 * @param problems receives the problems that prevent using the column as an id
 */
export function compileId(
  source: IdSource,
  key: ResourceId,
  property: string | undefined,
  within: readonly ColumnMetadata[],
  problems: string[],
): ResourceId {
  const { dataSource, metadata, columns } = source;
  if (property === undefined) return key;
  const column = columns.find((candidate) => candidate.property === property);
  if (column === undefined) {
    problems.push(`id names '${property}', which is not a column of ${metadata.name}`);
    return key;
  }
  if (column.metadata.isNullable || !isSelected(column)) {
    problems.push(`id names '${property}', which is nullable or not selected: make it not null and selected`);
  }
  checkParts(metadata, [column], problems);
  const alone = [column.metadata, ...within];
  const implied = source.spansTenants || isUnique(metadata, alone) ? [] : columns.filter(({ tenant }) => tenant);
  const whole = [...implied.map((tenant) => tenant.metadata), ...alone];
  if (implied.length > 0 && mayBeShared(dataSource, metadata)) {
    problems.push(
      `id names '${property}', which a tenant's row and a shared row may have in common. Leave id out: the primary key is unique`,
    );
  } else if (!isUnique(metadata, whole)) {
    const names = whole.map(({ propertyPath }) => `'${propertyPath}'`);
    problems.push(
      `id names '${property}', which is not unique. Put @Unique([${names.join(', ')}]) on ${metadata.name}`,
    );
  }
  return new ResourceId(dataSource, metadata, [column], implied);
}

/** Rejects columns that cannot be in a path. A timestamp has many spellings, and databases round it. */
function checkParts(metadata: EntityMetadata, columns: readonly ResourceColumn[], problems: string[]): void {
  for (const { property, type } of columns) {
    if (type.fromText !== undefined && !(type.fromJson(new Date(Date.UTC(2000, 0))) instanceof Date)) continue;
    problems.push(
      `${metadata.name}.${property} cannot be used in a path. An id is a string, a number, a UUID or a date`,
    );
  }
}
