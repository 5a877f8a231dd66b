import type { EntityMetadata } from 'typeorm';
import type { ApplicationRoute } from '../routes/application-route.js';
import type { OwnedRows, TenantRows } from '../rows/tenant-rows.js';
import type { StoredRow } from '../rows/stored-row.js';
import type { TestTenant } from '../test-tenant.js';
import { missingValue } from './missing-value.js';
import { bodyPropertiesOf, valueOf } from './route-body.js';
import type { BodyProperty } from './route-body.js';
import { primaryKeyOf } from './value-source.js';
import type { ValueSource, ValueSources } from './value-source.js';

/** A part of a request: fixed, or made from the rows of the tenant that it should name. */
export type RequestPart<V> = V | ((rows: TenantRows) => V);

/** What a test tells about a route that cannot be found out. */
export interface RouteHints {
  /** Values of path parameters. */
  readonly params?: RequestPart<Readonly<Record<string, string | number>>>;
  /** Values of query parameters. */
  readonly query?: RequestPart<Readonly<Record<string, string | number>>>;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A valid body. As a function, it is called with the rows of each tenant, and parts that differ are exchanged. */
  readonly body?: RequestPart<unknown>;
}

/** The parts of a request that a test varies. */
export interface RequestParts {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A place in a request that names a row, or a value of one. */
export interface Place {
  readonly part: 'params' | 'query' | 'body';
  /** The name; in a body, the path. */
  readonly path: readonly string[];
  /** The value that names the other tenant's row. */
  readonly foreign: unknown;
  /** Two values that name no row; undefined if there are none. */
  readonly missing: readonly [unknown, unknown] | undefined;
  /** True for a value of a unique key: another tenant's value must be as free as any other. */
  readonly isUnique: boolean;
}

/** A request of the first tenant that should succeed, and the places in it that can name the other tenant's rows. */
export interface RouteCase {
  readonly own: RequestParts;
  readonly places: readonly Place[];
  /** Places of which the second tenant has no row. */
  readonly untried: readonly Untried[];
}

/** Why a place could not be tried. */
export interface Untried {
  readonly what: string;
  readonly why: string;
}

/** A way to read the parameters of a route. */
interface Reading {
  /** The entity of path parameters whose names tell nothing. */
  readonly reading: EntityMetadata | undefined;
  /** Which of the own rows the path names. */
  readonly nth: number;
  /** Which properties the body has. */
  readonly extent: 'all' | 'required';
}

interface ParameterReading extends Pick<Reading, 'nth'> {
  readonly tenant: number;
  readonly sourceOf: (name: string) => ValueSource | undefined;
}

type Named = Map<string, { readonly value: unknown; readonly row?: StoredRow }>;

/** Makes requests for routes from the rows of both tenants. */
export class RouteCases {
  readonly untried: Untried[] = [];

  constructor(
    private readonly tenants: readonly [TestTenant, TestTenant],
    private readonly rows: readonly [OwnedRows, OwnedRows],
    private readonly sources: ValueSources,
    private readonly entities: readonly EntityMetadata[],
  ) {}

  /** Returns the makers of requests of the second tenant, for which the first one is the other. */
  swapped(): RouteCases {
    const [first, second] = this.tenants;
    return new RouteCases([second, first], [this.rows[1], this.rows[0]], this.sources, this.entities);
  }

  /**
   * Returns the requests to try until one succeeds: the names of parameters allow several readings.
   *
   * @param route the route
   * @param hints what the test tells about it
   */
  of(route: ApplicationRoute, hints: RouteHints): RouteCase[] {
    this.untried.length = 0;
    const unknown = route.pathParameters.filter((name) => this.sources.ofPathParameter(route, name) === undefined);
    const readings =
      unknown.length === 0 || hints.params !== undefined
        ? [undefined]
        : this.entities.filter((metadata) => this.rows.every((rows) => rows.rowsOf(metadata).length > 0)).slice(0, 8);
    if (readings.length === 0) this.untried.push({ what: `:${unknown[0]}`, why: 'no row fits; give it in routes' });
    const cases = readings.flatMap((reading) =>
      [0, 1, 2].flatMap((nth) =>
        (['all', 'required'] as const).map((extent) => this.caseOf(route, hints, { reading, nth, extent })),
      ),
    );
    const found = cases.filter((one) => one !== undefined);
    return [
      ...new Map(
        found.map((one) => [JSON.stringify([one.own.params, one.own.query, Object.keys(one.own.body ?? {})]), one]),
      ).values(),
    ];
  }

  private caseOf(route: ApplicationRoute, hints: RouteHints, { reading, nth, extent }: Reading): RouteCase | undefined {
    const sourceOf = (name: string): ValueSource | undefined =>
      this.sources.ofPathParameter(route, name) ?? (reading && primaryKeyOf(reading));
    this.untried.length = 0;
    const params = [0, 1].map((tenant) => this.params(route, hints, { tenant, nth, sourceOf }));
    if (params[0] === undefined) return undefined;
    const query = this.query(route, hints);
    const body = this.body(route, hints, params[0], extent);
    const texts = (named: Named): Record<string, string> =>
      Object.fromEntries([...named].map(([name, { value }]) => [name, toText(value)]));
    return {
      own: { params: texts(params[0]), query: query.own, headers: hints.headers ?? {}, body: body.own },
      untried: [...this.untried],
      places: [
        ...[...(params[1] ?? [])]
          .filter(([name, { value }]) => toText(value) !== toText(params[0]!.get(name)?.value))
          .map(([name, { value }]) => placeOf('params', [name], toText(value))),
        ...query.places,
        ...body.places,
      ],
    };
  }

  private params(
    route: ApplicationRoute,
    hints: RouteHints,
    { tenant, nth, sourceOf }: ParameterReading,
  ): Named | undefined {
    const rows = this.rows[tenant];
    const given = resolve(hints.params, rows) ?? {};
    const named: Named = new Map();
    let child: StoredRow | undefined = this.hiddenChild(route, rows, tenant === 0 ? nth : 0);
    for (const name of [...route.pathParameters].reverse()) {
      if (Object.hasOwn(given, name)) {
        named.set(name, { value: given[name] });
        continue;
      }
      const source = sourceOf(name);
      const found = source && this.valueFor(source, tenant, child, route, nth);
      if (found === undefined) {
        const entity = source?.kind === 'columns' ? source.metadata.name : name;
        this.untried.push({
          what: `:${name}`,
          why: `${this.tenants[tenant].name} has no row of ${entity} that the other has not; let seed create one`,
        });
        return undefined;
      }
      named.set(name, found);
      child = found.row ?? child;
    }
    return new Map([...named].reverse());
  }

  /** Returns the row below a one-to-one path, so that its parent is one that has such a row. */
  private hiddenChild({ crud }: ApplicationRoute, rows: OwnedRows, nth: number): StoredRow | undefined {
    return crud?.resource.isOneToOne === true && !isOneToOneCreate(crud)
      ? nthOf(rows.rowsOf(crud.resource.metadata), nth)
      : undefined;
  }

  private valueFor(
    source: ValueSource,
    tenant: number,
    child: StoredRow | undefined,
    { method, crud }: ApplicationRoute,
    nth = 0,
  ): { readonly value: unknown; readonly row?: StoredRow } | undefined {
    if (source.kind === 'scope') return { value: this.tenants[tenant].scope[source.key] };
    const isShared = !this.entities.includes(source.metadata);
    const isDeletion = method === 'DELETE' && crud?.operation !== 'unlink' && tenant === 0;
    const order = crud?.operation === 'restore' ? 'deleted' : isDeletion ? 'last' : 'first';
    const rows = isShared
      ? this.rows[tenant].sharedRowsOf(source.metadata)
      : this.rows[tenant].rowsOf(source.metadata, order);
    const parent = child && this.rows[tenant].referenced(child, source.metadata);
    const values = (parent === undefined ? rows : [parent])
      .filter((row) => !isOneToOneCreate(crud) || !this.hasChild(row, crud!.resource.metadata, tenant))
      .map((row) => ({ value: valueOf(row, source.columns), row }));
    if (tenant === 0 || isShared) return nthOf(values, nth);
    // A value that a row of the first tenant has too does not name the second tenant's row.
    const taken = new Set(this.rows[0].rowsOf(source.metadata).map((row) => toText(valueOf(row, source.columns))));
    return values.find(({ value }) => !taken.has(toText(value)));
  }

  /** Returns true if a row has a row below it that references it. */
  private hasChild(row: StoredRow, child: EntityMetadata, tenant: number): boolean {
    const rows = this.rows[tenant];
    return rows.rowsOf(child).some((other) => rows.referenced(other, row.metadata)?.key === row.key);
  }

  private query(route: ApplicationRoute, hints: RouteHints): { own: Record<string, string>; places: Place[] } {
    const given = this.rows.map((rows) => resolve(hints.query, rows) ?? {});
    const own = Object.fromEntries(Object.entries(given[0]).map(([name, value]) => [name, String(value)]));
    const places = Object.entries(given[1])
      .filter(([name, value]) => String(value) !== own[name])
      .map(([name, value]) => placeOf('query', [name], String(value)));
    if (route.crud !== undefined || hints.query !== undefined) return { own, places };
    for (const { name, isRequired, source } of this.queryNames(route)) {
      const [value, foreign] = [0, 1].map((tenant) => source && this.valueFor(source, tenant, undefined, route)?.value);
      if (value !== undefined && value !== null && isRequired) own[name] = toText(value);
      if (foreign !== undefined && foreign !== null) places.push(placeOf('query', [name], toText(foreign)));
    }
    return { own, places };
  }

  /** Returns the names of query parameters: of `@Query('name')`, and of the rules of a class. */
  private queryNames(route: ApplicationRoute): Pick<BodyProperty, 'name' | 'isRequired' | 'source'>[] {
    const asBody = route.parameters
      .filter(({ source }) => source === 'query')
      .map((parameter) => ({ ...parameter, source: 'body' as const }));
    return bodyPropertiesOf({ ...route, crud: undefined, parameters: asBody }, this.sources) ?? [];
  }

  private body(
    route: ApplicationRoute,
    hints: RouteHints,
    params: Named,
    extent: 'all' | 'required',
  ): { own: unknown; places: Place[] } {
    if (hints.body !== undefined) {
      const [own, foreign] = this.rows.map((rows) => resolve(hints.body, rows));
      return { own, places: differingLeaves(own, foreign, []) };
    }
    const properties = bodyPropertiesOf(route, this.sources);
    if (properties === undefined) return { own: undefined, places: [] };
    const isNew = route.method === 'POST';
    const subject = [...params.values()]
      .map(({ row }) => row)
      .find((row) => row?.metadata.tablePath === route.entity?.tablePath);
    const template = subject ?? (route.entity && this.rows[0].rowsOf(route.entity).at(0));
    const own: Record<string, unknown> = {};
    const places: Place[] = [];
    for (const property of properties) {
      const value = this.ownValue(property, template, isNew, route);
      const isIncluded = extent === 'all' || property.isRequired;
      if (value !== undefined && isIncluded && !(property.isList && !property.isRequired)) own[property.name] = value;
      const place = this.foreignPlace(property, route, isNew);
      if (place !== undefined) places.push(place);
    }
    if (route.crud?.operation !== 'createMany') return { own, places };
    return { own: [own], places: places.map((place) => ({ ...place, path: ['0', ...place.path] })) };
  }

  private ownValue(
    { name, source, isList, isUnique, isReference, example }: BodyProperty,
    template: StoredRow | undefined,
    isNew: boolean,
    route: ApplicationRoute,
  ): unknown {
    const stored = template?.values[name] ?? undefined;
    if (source === undefined || isList) return example;
    if (isReference && isScalar(stored)) return stored;
    const isOwnColumn = source.kind === 'columns' && source.metadata.tablePath === template?.metadata.tablePath;
    const found = isOwnColumn && !isReference ? stored : this.valueFor(source, 0, undefined, route)?.value;
    const value = found instanceof Date ? found.toISOString() : isScalar(found) ? found : example;
    return isUnique && isNew ? (missingValue(value) ?? value) : value;
  }

  private foreignPlace(
    { name, source, isList, isUnique, isReference }: BodyProperty,
    route: ApplicationRoute,
    isNew: boolean,
  ): Place | undefined {
    if (source === undefined) return undefined;
    const isLookup = isReference || source.kind === 'scope' || (route.crud === undefined && !isUnique);
    if (!isLookup && !(isUnique && isNew)) return undefined;
    const value = this.valueFor(source, 1, undefined, route)?.value;
    if (value === undefined || value === null || value instanceof Date || typeof value === 'object') return undefined;
    return { ...placeOf('body', [name], isList ? [value] : value), isUnique: isUnique && !isReference };
  }
}

/** Returns the nth element, the first one if there are fewer. */
function nthOf<T>(all: readonly T[], nth: number): T | undefined {
  return all.at(nth) ?? all.at(0);
}

/** A one-to-one row is created below a parent that has none yet. */
function isOneToOneCreate(crud: ApplicationRoute['crud']): boolean {
  return crud?.operation === 'create' && crud.resource.isOneToOne;
}

/** Returns a copy of the parts with other values at some places. */
export function replaceAt(parts: RequestParts, values: readonly (readonly [Place, unknown])[]): RequestParts {
  const { params, query, headers } = parts;
  const changed = { params: { ...params }, query: { ...query }, headers, body: structuredClone(parts.body) };
  for (const [{ part, path }, value] of values) {
    if (part !== 'body') changed[part][path[0]] = toText(value);
    else changed.body = replaceIn(changed.body, path, value);
  }
  return changed;
}

/** Returns a place with values that no row has. */
export function placeOf(part: Place['part'], path: readonly string[], foreign: unknown): Place {
  const missing = [missingValue(foreign), missingValue(foreign)] as const;
  return { part, path, foreign, missing: missing.includes(undefined) ? undefined : missing, isUnique: false };
}

/** Returns a value as it is written in a path or query. */
export function toText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function replaceIn(body: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const copy = (Array.isArray(body) ? [...(body as unknown[])] : { ...(body as object) }) as Record<string, unknown>;
  copy[name] = replaceIn(copy[name], rest, value);
  return copy;
}

function differingLeaves(own: unknown, foreign: unknown, path: readonly string[]): Place[] {
  if (Object.is(own, foreign) || foreign === undefined) return [];
  const areObjects = [own, foreign].every((value) => typeof value === 'object' && value !== null);
  if (!areObjects) return [placeOf('body', path, foreign)];
  return Object.entries(foreign as object).flatMap(([name, value]) =>
    differingLeaves((own as Readonly<Record<string, unknown>>)[name], value, [...path, name]),
  );
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function resolve<V>(part: RequestPart<V> | undefined, rows: TenantRows): V | undefined {
  return typeof part === 'function' ? (part as (rows: TenantRows) => V)(rows) : part;
}
