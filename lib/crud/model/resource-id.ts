import { NotFoundException } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import { isLimitedNow } from '../../orm/tenant-columns.js';
import { toCondition } from './column-conditions.js';
import type { Condition } from './column-conditions.js';
import type { ResourceColumn } from './resource-column.js';

/** The value of one column of an id. */
export type IdPart = string | number | bigint | boolean;

/**
 * The id of a row: a value, or an object of values by property for a composite key.
 *
 * @example
 * await service.findOne({ orderId: 7, position: 2 });
 */
export type EntityId = IdPart | { readonly [property: string]: IdPart };

/** Separates the parts of a composite id in a path. */
const SEPARATOR = ',';

/**
 * The id of an entity's rows, of one or several columns. Parses ids from paths and application code, and prints them
 * into paths.
 *
 * In a path, the parts of a composite id are separated by commas. Within a part a comma is escaped as `~1` and a tilde
 * as `~0`, as in a JSON pointer.
 */
export class ResourceId {
  /**
   * @param dataSource the entity's DataSource
   * @param metadata the entity's metadata
   * @param columns the columns of the id
   * @param scopeColumns tenant columns of the key, whose values the current scope provides
   */
  constructor(
    private readonly dataSource: DataSource,
    private readonly metadata: EntityMetadata,
    readonly columns: readonly ResourceColumn[],
    private readonly scopeColumns: readonly ResourceColumn[] = [],
  ) {}

  /**
   * Parses an id from a path or from application code.
   *
   * @returns undefined if it cannot be an id; each id has one spelling, so `05` is not 5
   */
  read(id: unknown): EntityId | undefined {
    const parts = this.partsOf(id);
    if (parts.length !== this.columns.length) return undefined;
    const values = parts.map((part, index) => readPart(this.columns[index], part));
    return values.includes(undefined) ? undefined : this.assemble(values as IdPart[]);
  }

  /** Returns the id of a row as a path segment. */
  toPathSegment(row: object): string {
    const texts = this.columns.map(({ metadata }) => String(metadata.getEntityValue(row)));
    return (this.isComposite ? texts.map(escapePart) : texts).map(encodeURIComponent).join(SEPARATOR);
  }

  /**
   * Returns the conditions for the row with this id.
   *
   * @throws NotFoundException if the value cannot be an id
   * @throws TypeError if the id lacks its tenant and no scope is open, because it could match rows of several tenants
   */
  whereId(id: unknown): Condition[] {
    const read = this.read(id);
    if (read === undefined) throw new NotFoundException();
    return this.conditions(this.isComposite ? this.partsOf(read) : [read]);
  }

  /** Returns the conditions that only this row satisfies. */
  whereRow(row: object): Condition[] {
    return this.conditions(this.columns.map(({ metadata }) => metadata.getEntityValue(row) as unknown));
  }

  private conditions(parts: readonly unknown[]): Condition[] {
    const [missing] = this.scopeColumns;
    if (missing !== undefined && !isLimitedNow(this.dataSource, this.metadata)) {
      throw new TypeError(
        `An id of ${this.metadata.name} has no ${missing.property}, and there is no tenant scope to take it from. Run this in tenancy.run(scope, fn).`,
      );
    }
    return this.columns.map((column, index) => toCondition(column, parts[index]));
  }

  private get isComposite(): boolean {
    return this.columns.length > 1;
  }

  private partsOf(id: unknown): readonly unknown[] {
    if (!this.isComposite) return [id];
    if (typeof id === 'string') return id.split(SEPARATOR).map(unescapePart);
    const values = typeof id === 'object' && id !== null ? (id as Readonly<Record<string, unknown>>) : {};
    return this.columns.map(({ property }) => (Object.hasOwn(values, property) ? values[property] : undefined));
  }

  private assemble(parts: readonly IdPart[]): EntityId {
    return this.isComposite
      ? Object.fromEntries(this.columns.map(({ property }, index) => [property, parts[index]]))
      : parts[0];
  }
}

function readPart({ type }: ResourceColumn, part: unknown): unknown {
  if (part === undefined || part === null) return undefined;
  const read = typeof part === 'string' && type.fromText !== undefined ? type.fromText(part) : type.fromJson(part);
  return typeof part === 'string' && String(read).toLowerCase() !== part.toLowerCase() ? undefined : read;
}

function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll(SEPARATOR, '~1');
}

/** @returns undefined for an invalid escape, so that each row has one spelling */
function unescapePart(part: string): string | undefined {
  return /~(?![01])/.test(part) ? undefined : part.replaceAll('~1', SEPARATOR).replaceAll('~0', '~');
}
