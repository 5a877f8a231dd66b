import type { Type } from '@nestjs/common';
import { instanceToPlain, plainToInstance } from 'class-transformer';
import type { CrudRoute } from './crud-routes.js';
import { isPlainObject } from './body/plain-object.js';
import { shownProperties } from './exposure.js';
import { Page } from './query/list-query.js';
import type { ResourceColumn } from './resource-column.js';

/**
 * What a client sees of the rows of a resource.
 *
 * Shaping belongs to the route, not to the method, so that an override cannot forget it. Rows (instances of the entity,
 * alone, in a list or in a page) are shaped whatever handler of the controller returns them; with a response DTO so are
 * the plain objects that the routes of `@Crud` return. Anything else a handler returns on purpose, and it goes out as
 * it is.
 */
export class ResponseShape {
  private readonly hidden: readonly string[];
  private readonly converted: readonly ResourceColumn[];
  private readonly renamed: ReadonlyMap<Type<object>, [property: string, key: string][]>;

  /**
   * @param entity the class of the rows
   * @param columns its columns
   * @param summary DTO of a row in a list
   * @param detail DTO of a single row
   */
  constructor(
    private readonly entity: Type<object>,
    columns: readonly ResourceColumn[],
    private readonly summary: Type<object> | undefined,
    private readonly detail: Type<object> | undefined,
  ) {
    this.renamed = new Map([summary, detail].filter((dto) => dto !== undefined).map((dto) => [dto, renamed(dto)]));
    this.hidden = columns.filter(({ metadata }) => !metadata.isSelect).map(({ property }) => property);
    this.converted = columns.filter(
      ({ type, metadata }) => type.toJson !== undefined && metadata.embeddedMetadata === undefined,
    );
  }

  /**
   * @param value what a handler returned
   * @param route the route of `@Crud` that it is; undefined for the controller's own ones
   */
  shape(value: unknown, route: CrudRoute | undefined): unknown {
    const summary = (item: unknown): unknown => this.row(item, this.summary, route !== undefined);
    if (Array.isArray(value)) return value.map(summary);
    if (value instanceof Page || (route === 'findAll' && isPageLike(value)))
      return { ...value, items: value.items.map(summary) };
    return this.row(value, this.detail, route !== undefined);
  }

  private row(value: unknown, dto: Type<object> | undefined, isCrudRoute: boolean): unknown {
    const isRow = value instanceof this.entity || (isCrudRoute && dto !== undefined && isPlainObject(value));
    if (!isRow) return value;
    const row = this.present(value);
    if (dto === undefined) return instanceToPlain(row);
    // class-transformer reads a renamed property by its new name.
    for (const [property, key] of this.renamed.get(dto)!) if (!(key in row)) row[key] = row[property];
    return instanceToPlain(plainToInstance(dto, row, { excludeExtraneousValues: true }));
  }

  /** A copy of a row without hidden columns, its values in the form that they have in JSON. */
  private present(row: object): Record<string, unknown> {
    const copy = Object.assign(
      Object.create(Object.getPrototypeOf(row) as object | null) as Record<string, unknown>,
      row,
    );
    for (const property of this.hidden) delete copy[property];
    for (const { property, type } of this.converted) {
      if (copy[property] !== undefined) copy[property] = type.toJson!(copy[property]);
    }
    return copy;
  }
}

function renamed(dto: Type<object>): [property: string, key: string][] {
  return [...shownProperties(dto, [])]
    .map(([property, { key }]): [string, string] => [property, key])
    .filter(([property, key]) => property !== key);
}

/** A page that an override has added something to. */
function isPageLike(value: unknown): value is { readonly items: readonly unknown[] } {
  return isPlainObject(value) && Array.isArray(value['items']);
}
