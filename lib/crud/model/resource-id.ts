import { NotFoundException } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import { isLimitedNow } from '../../orm/tenant-columns.js';
import { toCondition } from './column-conditions.js';
import type { Condition } from './column-conditions.js';
import type { ResourceColumn } from './resource-column.js';

/** A value of one column of an id. */
export type IdPart = string | number | bigint | boolean;

/** The id of a row: a value, or where several columns make it their values by property. */
export type EntityId = IdPart | { readonly [property: string]: IdPart };

/** Between the parts of an id in a path. */
const SEPARATOR = ',';

/**
 * What tells the rows of an entity apart: one column or several. It is read from a path and from application code, and
 * printed into paths.
 *
 * In a path the parts of an id of several columns are separated by commas; within a part a comma is written `~1` and a
 * tilde `~0`, as in a JSON pointer.
 */
export class ResourceId {
  /**
   * @param dataSource the entity's
   * @param metadata the entity's
   * @param columns the columns that an id has values of
   * @param scopeColumns tenant columns that belong to the key, whose values are those of the scope in force
   */
  constructor(
    private readonly dataSource: DataSource,
    private readonly metadata: EntityMetadata,
    readonly columns: readonly ResourceColumn[],
    private readonly scopeColumns: readonly ResourceColumn[] = [],
  ) {}

  /**
   * Reads an id from a path or from application code.
   *
   * @returns undefined for what no row can have as its id; a second spelling of an id (`05`) is none
   */
  read(id: unknown): EntityId | undefined {
    const parts = this.partsOf(id);
    if (parts.length !== this.columns.length) return undefined;
    const values = parts.map((part, index) => readPart(this.columns[index], part));
    return values.includes(undefined) ? undefined : this.assemble(values as IdPart[]);
  }

  /** The id of a row as a segment of a path. */
  toPathSegment(row: object): string {
    const texts = this.columns.map(({ metadata }) => String(metadata.getEntityValue(row)));
    return (this.isComposite ? texts.map(escapePart) : texts).map(encodeURIComponent).join(SEPARATOR);
  }

  /**
   * What the row with this id meets.
   *
   * @throws NotFoundException for what no row can have as its id
   * @throws TypeError where an id without its tenant would name rows of several
   */
  whereId(id: unknown): Condition[] {
    const read = this.read(id);
    if (read === undefined) throw new NotFoundException();
    return this.conditions(this.isComposite ? this.partsOf(read) : [read]);
  }

  /** What this row meets, and no other one. */
  whereRow(row: object): Condition[] {
    return this.conditions(this.columns.map(({ metadata }) => metadata.getEntityValue(row) as unknown));
  }

  private conditions(parts: readonly unknown[]): Condition[] {
    const [missing] = this.scopeColumns;
    if (missing !== undefined && !isLimitedNow(this.dataSource, this.metadata)) {
      throw new TypeError(
        `An id of ${this.metadata.name} has no ${missing.property}, and no tenant scope gives it. Run this in one.`,
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

/** @returns undefined for a tilde that escapes nothing: a row has one spelling */
function unescapePart(part: string): string | undefined {
  return /~(?![01])/.test(part) ? undefined : part.replaceAll('~1', SEPARATOR).replaceAll('~0', '~');
}
