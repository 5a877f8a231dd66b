import type { Type } from '@nestjs/common';
import type { CrudRoute } from '../options/crud-routes.js';
import { isPlainObject } from '../../common/is-plain-object.js';
import { exposedProperties } from '../model/response-exposure.js';
import { serialize } from './class-conversion.js';
import { Page } from './page.js';
import type { EntitySerializer } from './entity-serializer.js';

/**
 * Serializes the results of a resource's routes.
 *
 * It runs per route and not per method, so that an override cannot forget it. Entity instances (alone, in an array or
 * in a page) are serialized for any handler of the controller. With a response DTO, so are plain objects that routes of
 * `@Crud` return. Any other result is sent unchanged.
 */
export class ResponseSerializer {
  private readonly renamed: ReadonlyMap<Type<object>, [property: string, key: string][]>;

  /**
   * @param entity the class of the rows
   * @param presentation the serializer of its rows
   * @param summary DTO of a row in a list
   * @param detail DTO of a single row
   */
  constructor(
    private readonly entity: Type<object>,
    private readonly presentation: EntitySerializer,
    readonly summary: Type<object> | undefined,
    readonly detail: Type<object> | undefined,
  ) {
    this.renamed = new Map([summary, detail].filter((dto) => dto !== undefined).map((dto) => [dto, renamed(dto)]));
  }

  /**
   * @param value the result of a handler
   * @param route the route of `@Crud`; undefined for other routes of the controller
   * @param keys the only JSON keys to return; by default all exposed ones
   */
  serialize(value: unknown, route: CrudRoute | undefined, keys?: ReadonlySet<string>): unknown {
    const only = (shaped: unknown): unknown => (keys === undefined ? shaped : pick(shaped, keys));
    const summary = (item: unknown): unknown => only(this.row(item, this.summary, route !== undefined));
    if (Array.isArray(value)) return value.map(summary);
    if (value instanceof Page || (route === 'findAll' && isPageLike(value)))
      return { ...value, items: value.items.map(summary) };
    return only(this.row(value, this.detail, route !== undefined));
  }

  private row(value: unknown, dto: Type<object> | undefined, isCrudRoute: boolean): unknown {
    const isRow = value instanceof this.entity || (isCrudRoute && dto !== undefined && isPlainObject(value));
    if (!isRow) return value;
    const row = this.presentation.toPlain(value);
    return dto === undefined ? serialize(row) : serialize(this.applyKeyAliases(row, dto), dto);
  }

  /**
   * class-transformer reads a renamed property from its JSON key, which may be another column's name. If the row has
   * the property itself, its value is used instead of that column.
   */
  private applyKeyAliases(row: Record<string, unknown>, dto: Type<object>): Record<string, unknown> {
    const renamed = this.renamed.get(dto)!;
    if (renamed.length === 0) return row;
    const isOwn = (property: string): boolean =>
      row[property] !== undefined || this.presentation.properties.has(property);
    const values = renamed.map(([property, key]) => row[isOwn(property) ? property : key]);
    renamed.forEach(([, key], index) => (row[key] = values[index]));
    return row;
  }
}

function pick(shaped: unknown, keys: ReadonlySet<string>): unknown {
  if (!isPlainObject(shaped)) return shaped;
  return Object.fromEntries(Object.entries(shaped).filter(([key]) => keys.has(key)));
}

function renamed(dto: Type<object>): [property: string, key: string][] {
  return [...exposedProperties(dto, [])]
    .map(([property, { key }]): [string, string] => [property, key])
    .filter(([property, key]) => property !== key);
}

/** Checks for a page that an override has extended. */
function isPageLike(value: unknown): value is { readonly items: readonly unknown[] } {
  return isPlainObject(value) && Array.isArray(value['items']);
}
