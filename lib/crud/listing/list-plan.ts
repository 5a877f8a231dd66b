import { selectionOf } from './selection/resource-selection.js';
import type { CompiledSelect, NamedParameters } from '../../orm/compiled-select.js';
import type { Condition } from '../model/column-conditions.js';
import type { Resource } from '../resource/resource.js';
import type { CountMode, ListQuery } from '../query/list-query.js';
import { resolveListQuery } from './resolved-list-query.js';
import type { ResolvedListQuery } from './resolved-list-query.js';
import { countStatement, hasOwnStatement, listValues, pageStatement, startValues } from './list-statements.js';
import type { PageAnchor } from './list-statements.js';
import type { Selection } from './selection/selection.js';

/** A statement and its parameters, without those of the tenant. */
export interface PreparedCall {
  readonly statement: CompiledSelect;
  readonly slots: NamedParameters;
}

/** A list query ready to run: columns resolved, statements built. It contains no tenant data. */
export class ListPlan<T extends object> {
  readonly request: ResolvedListQuery;
  readonly selection: Selection<T>;
  readonly offset: number;
  readonly count: CountMode;
  private readonly values: NamedParameters;
  private offsetPage: PreparedCall | undefined;

  /**
   * @param conditions the row constraints
   * @param limit the page size
   * @throws TypeError for an unknown column or operator, or an invalid value
   */
  constructor(
    readonly resource: Resource<T>,
    readonly query: ListQuery<T>,
    conditions: readonly Condition[],
    readonly limit: number,
  ) {
    this.request = resolveListQuery(resource, query, conditions);
    this.selection = selectionOf(resource, query, resource.list.rows);
    this.offset = query.offset ?? ((query.page ?? 1) - 1) * limit;
    const { count } = resource.list;
    // A page without rows is requested for its total.
    this.count = query.count ?? (limit === 0 && count === 'none' ? 'exact' : count);
    this.values = listValues(resource, this.request);
  }

  /** Returns the page at the query's offset. Each row contains the total of the list. */
  atOffset(): PreparedCall {
    return (this.offsetPage ??= this.page('offset', this.limit, this.offset, this.count));
  }

  /** Returns the page at a cursor position, plus one row. */
  atCursor(start: PageAnchor): PreparedCall {
    return this.page(start, this.limit + 1, 0, 'none');
  }

  /** Returns the statement for the total of the list. */
  counted(): PreparedCall {
    const statement = countStatement(this.resource, this.selection, this.request, this.count === 'capped');
    return { statement, slots: this.values };
  }

  private page(start: PageAnchor, limit: number, offset: number, count: CountMode): PreparedCall {
    const cut = offset === 0 && hasOwnStatement(this.resource, this.limit) ? limit : 'slots';
    const statement = pageStatement(this.resource, this.selection, this.request, start, cut, count);
    return { statement, slots: { ...this.values, ...startValues(start), limit, offset } };
  }
}

/** Keyed by query object. */
const remembered = new WeakMap<object, unknown>();

/**
 * Returns the plan of a client's query. The plan is cached as long as the query object.
 *
 * @param query must not be changed afterwards
 */
export function cachedPlan<T extends object>(resource: Resource<T>, query: ListQuery<T>, limit: number): ListPlan<T> {
  const known = remembered.get(query) as ListPlan<T> | undefined;
  if (known?.resource === resource && known.limit === limit) return known;
  const plan = new ListPlan(resource, query, [], limit);
  remembered.set(query, plan);
  return plan;
}
