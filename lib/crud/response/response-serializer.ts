import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { instanceToPlainUnescaped } from '../model/reserved-keys.js';
import type { CrudRoute } from '../options/crud-routes.js';
import { isPlainObject } from '../../common/is-plain-object.js';
import { exposedProperties } from '../model/dto-exposure.js';
import { Page } from './page.js';
import type { EntitySerializer } from './entity-serializer.js';

/**
 * What a client sees of the rows of a resource.
 *
 * Shaping belongs to the route, not to the method, so that an override cannot forget it. Rows (instances of the entity,
 * alone, in a list or in a page) are shaped whatever handler of the controller returns them; with a response DTO so are
 * the plain objects that the routes of `@Crud` return. Anything else a handler returns on purpose, and it goes out as
 * it is.
 */
export class ResponseSerializer {
  private readonly renamed: ReadonlyMap<Type<object>, [property: string, key: string][]>;

  /**
   * @param entity the class of the rows
   * @param presentation the form that its rows have in JSON
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
   * @param value what a handler returned
   * @param route the route of `@Crud` that it is; undefined for the controller's own ones
   * @param keys the only names in JSON that rows shall have; all that are shown by default
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
    if (dto === undefined) return instanceToPlainUnescaped(row);
    return instanceToPlainUnescaped(
      plainToInstance(dto, this.applyKeyAliases(row, dto), { excludeExtraneousValues: true }),
    );
  }

  /** class-transformer reads a renamed property by its new name, which may be that of another column: that one is not shown for a property that the row has. */
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

/** A page that an override has added something to. */
function isPageLike(value: unknown): value is { readonly items: readonly unknown[] } {
  return isPlainObject(value) && Array.isArray(value['items']);
}
