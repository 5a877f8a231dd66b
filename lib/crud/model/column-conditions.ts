import { Brackets } from 'typeorm';
import type { WhereExpressionBuilder } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { ResourceColumn } from './resource-column.js';

/** A column and the value that it must equal; null for IS NULL. */
export interface Condition {
  readonly column: ColumnMetadata;
  /** In the form that the driver accepts. */
  readonly parameter: unknown;
}

/**
 * Creates the condition that a column equals a value.
 *
 * @param value a value of the entity's property; null for IS NULL
 * @throws TypeError for a value that does not fit the column: an implicit type conversion could match other rows
 */
export function toCondition({ property, metadata, type }: ResourceColumn, value: unknown): Condition {
  if (value === null) return { column: metadata, parameter: null };
  const read = type.fromText === undefined ? undefined : type.fromJson(value);
  if (read === undefined)
    throw new TypeError(`${metadata.entityMetadata.name}.${property} must be compared to ${type.description}.`);
  return {
    column: metadata,
    parameter: metadata.entityMetadata.dataSource.driver.preparePersistentValue(read, metadata),
  };
}

/**
 * Adds conditions to a statement.
 *
 * @param alias the table's alias in a select; undefined for an update or a delete, which have no alias
 */
export function applyConditions(
  statement: WhereExpressionBuilder,
  conditions: readonly Condition[],
  alias?: string,
): void {
  conditions.forEach(({ column, parameter }, index) => {
    const name = alias === undefined ? columnPath(column) : `${alias}.${columnPath(column)}`;
    if (parameter === null) statement.andWhere(`${name} IS NULL`);
    else statement.andWhere(`${name} = :condition_${index}`, { [`condition_${index}`]: parameter });
  });
}

/** Returns the parameters of the conditions that {@link applyConditions} adds, by name. */
export function conditionParameters(conditions: readonly Condition[]): Record<string, unknown> {
  return Object.fromEntries(conditions.map(({ parameter }, index) => [`condition_${index}`, parameter]));
}

/** Returns a cache key that differs if the SQL of the conditions differs. */
export function conditionsKey(conditions: readonly Condition[]): string {
  return conditions
    .map(({ column, parameter }) => `${columnPath(column)}${parameter === null ? ' is null' : ''}`)
    .join();
}

/** Returns the name of a column in TypeORM's statements. The columns of a composite foreign key share a property. */
export function columnPath({ propertyPath, isVirtual, relationMetadata, referencedColumn }: ColumnMetadata): string {
  const isPart = isVirtual && relationMetadata !== undefined && relationMetadata.joinColumns.length > 1;
  return isPart ? `${relationMetadata.propertyPath}.${referencedColumn!.propertyPath}` : propertyPath;
}

/** Adds an OR of several lists of conditions to a select. */
export function applyAnyOf(
  select: WhereExpressionBuilder,
  alternatives: readonly (readonly Condition[])[],
  alias: string,
): void {
  select.andWhere(
    new Brackets((either) => {
      alternatives.forEach((conditions, row) => {
        either.orWhere(
          new Brackets((all) => {
            conditions.forEach(({ column, parameter }, index) => {
              const name = `row_${row}_${index}`;
              if (parameter === null) all.andWhere(`${alias}.${columnPath(column)} IS NULL`);
              else all.andWhere(`${alias}.${columnPath(column)} = :${name}`, { [name]: parameter });
            });
          }),
        );
      });
    }),
  );
}
