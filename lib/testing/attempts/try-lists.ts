import { FIRST, SECOND } from '../isolation-session.js';
import type { IsolationSession } from '../isolation-session.js';
import { placeOf, toText } from '../requests/route-cases.js';
import type { RequestParts } from '../requests/route-cases.js';
import { valueOf } from '../requests/route-body.js';
import type { RouteTarget } from './route-target.js';
import { tryPlaces } from './try-places.js';

/** Maximum number of filters that are tried on a route. */
const MAX_FILTERS = 40;

/** Returns queries of a `@Crud` route whose response must not depend on other tenants' rows: sort, include, limit. */
export function variantsOf({ route, own }: RouteTarget): RequestParts[] {
  const { crud } = route;
  if (crud === undefined || (crud.operation !== 'findAll' && crud.operation !== 'findOne')) return [];
  const { list, row } = crud.resource;
  const rules = crud.operation === 'findAll' ? list.rows : row;
  const queries: Record<string, string>[] = [...rules.include].map((include) => ({ include }));
  if (crud.operation === 'findAll') {
    queries.push({ limit: '1' }, ...[...list.sort.keys()].map((name) => ({ sort: `-${name}` })));
  }
  return queries.map((query) => ({ ...own, query: { ...own.query, ...query } }));
}

/** Filters and searches a `@Crud` list by values of the second tenant's rows, and continues from its cursor. */
export async function tryFilters(session: IsolationSession, target: RouteTarget): Promise<void> {
  const { route } = target;
  if (route.crud?.operation !== 'findAll') return;
  const { list } = route.crud.resource;
  const valueFor = (field: (typeof list.search)[number]): string | undefined => {
    const { metadata } = field.column;
    const valuesOf = (tenant: number): unknown[] =>
      session
        .rowsOf(tenant)
        .rowsOf(metadata.entityMetadata)
        .map((row) => valueOf(row, [metadata]));
    const own = new Set(valuesOf(FIRST).map(toText));
    const found = valuesOf(SECOND).find(
      (value) => ['string', 'number'].includes(typeof value) && !own.has(toText(value)),
    );
    return found === undefined ? undefined : toText(found);
  };
  const filters = [...list.filter].filter(([, field]) => field.isRelation !== true).slice(0, MAX_FILTERS);
  const places = filters.flatMap(([name, field]) => {
    const value = valueFor(field);
    const members = field.column.metadata.enum ?? field.column.type.schema.enum;
    return value === undefined || members !== undefined ? [] : [placeOf('query', [name], value)];
  });
  const searched = list.search.map(valueFor).find((value) => value !== undefined && value.length > 2);
  if (searched !== undefined) places.push(placeOf('query', ['search'], searched));
  await tryPlaces(session, { ...target, places: places.filter(({ missing }) => missing !== undefined) });
  await tryForeignPage(session, target);
}

/** Follows the link to the next page that the second tenant got. */
async function tryForeignPage(session: IsolationSession, { route, own }: RouteTarget): Promise<void> {
  const [foreign] = session.cases().of(route, session.options.routes?.[route.label] ?? {});
  if (foreign === undefined || route.pathParameters.length > 0) return;
  const { response } = await session.send(SECOND, route, { ...own, query: { ...own.query, limit: '1' } });
  const next = /<([^>]+)>; *rel="?next/.exec(String(response.headers.link ?? ''))?.[1];
  if (next === undefined) return;
  const query = Object.fromEntries(new URL(next, 'http://localhost').searchParams);
  session.report.addAttempt(route.label, 'list');
  session.judgeMarks(
    { route, kind: 'list', what: `the next page of ${session.tenants[SECOND].name}` },
    await session.send(FIRST, route, { ...own, query }),
  );
}
