import { Brackets } from 'typeorm';
import type { WhereExpressionBuilder } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { ResourceColumn } from './resource-column.js';

/** A column and what it must equal; null for "is empty". */
export interface Condition {
  readonly column: ColumnMetadata;
  /** As the database driver takes it. */
  readonly parameter: unknown;
}

/**
 * @param value an entity's value of the column; null for "is empty"
 * @throws TypeError for a value that does not fit the column: a type confusion would match other rows
 */
export function toCondition({ property, metadata, type }: ResourceColumn, value: unknown): Condition {
  if (value === null) return { column: metadata, parameter: null };
  const read = type.fromText === undefined ? undefined : type.fromJson(value);
  if (read === undefined)
    throw new TypeError(`${metadata.entityMetadata.name}.${property} can only be compared to ${type.description}.`);
  return {
    column: metadata,
    parameter: metadata.entityMetadata.dataSource.driver.preparePersistentValue(read, metadata),
  };
}

/**
 * Adds conditions to a statement.
 *
 * @param alias how a select names the table; left out for an update or a delete, which have no alias
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

/** The parameters of conditions that {@link applyConditions} has put into a statement, by name. */
export function conditionParameters(conditions: readonly Condition[]): Record<string, unknown> {
  return Object.fromEntries(conditions.map(({ parameter }, index) => [`condition_${index}`, parameter]));
}

/** Tells conditions apart whose texts differ. */
export function conditionsKey(conditions: readonly Condition[]): string {
  return conditions
    .map(({ column, parameter }) => `${columnPath(column)}${parameter === null ? ' is null' : ''}`)
    .join();
}

/** How TypeORM's statements name a column. Those of one relation share a property. */
export function columnPath({ propertyPath, isVirtual, relationMetadata, referencedColumn }: ColumnMetadata): string {
  const isPart = isVirtual && relationMetadata !== undefined && relationMetadata.joinColumns.length > 1;
  return isPart ? `${relationMetadata.propertyPath}.${referencedColumn!.propertyPath}` : propertyPath;
}

/** Adds to a select that rows meet all conditions of one of several lists. */
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
