import { joinFilters, toFilterObject } from './filter-json.js';
import type { FilterObject } from './filter-json.js';
import type { BuiltFilter, ComparisonsAt, FilterInput, Filters } from './filters.js';
import type { RowPath } from './row-paths.js';

/** The columns and relations of a row that have an operator. */
type PathWith<Row, O extends string> = {
  [P in RowPath<Row>]: O extends keyof ComparisonsAt<Row, P> ? P : never;
}[RowPath<Row>];

/**
 * Builds a filter condition by condition, e.g. from the fields of a form. It is immutable: each method returns another
 * builder, so a common part can be used for several filters. Created by {@link filterBy}.
 */
export class FilterBuilder<Row> implements BuiltFilter<Row> {
  declare readonly rowType?: (row: Row) => void;

  /** @param parts the conditions, which are ANDed */
  constructor(private readonly parts: readonly FilterObject[] = []) {}

  /**
   * Adds a comparison with a value.
   *
   * @param column a column, or a relation with the value null
   * @param value null for IS NULL; undefined adds no condition
   */
  where<P extends PathWith<Row, 'eq'>>(
    column: P,
    value: ComparisonsAt<Row, P>['eq' & keyof ComparisonsAt<Row, P>] | undefined,
  ): FilterBuilder<Row>;
  /**
   * Adds a comparison by an operator.
   *
   * @param column a column or a relation
   * @param operator one that the type of the column has
   * @param operand undefined adds no condition
   */
  where<P extends RowPath<Row>, O extends keyof ComparisonsAt<Row, P> & string>(
    column: P,
    operator: O,
    operand: ComparisonsAt<Row, P>[O] | undefined,
  ): FilterBuilder<Row>;
  where(column: string, ...comparison: readonly unknown[]): FilterBuilder<Row> {
    const [operator, operand] = comparison.length > 1 ? comparison : ['eq', comparison[0]];
    const key = operator === 'eq' ? column : `${column}__${String(operator)}`;
    return this.with({ [key]: operand });
  }

  /** Adds conditions that must all match. */
  and(...filters: readonly FilterInput<Row>[]): FilterBuilder<Row> {
    return filters.reduce<FilterBuilder<Row>>((builder, filter) => builder.with(filter), this);
  }

  /**
   * Adds a group of which at least one must match.
   *
   * @param filters no filter adds no group
   */
  or(...filters: readonly FilterInput<Row>[]): FilterBuilder<Row> {
    return filters.length === 0 ? this : this.with({ $or: filters });
  }

  /** Adds a filter that must not match. It includes rows in which a compared column is null. */
  not(filter: FilterInput<Row>): FilterBuilder<Row> {
    return this.with({ $not: filter });
  }

  /** Returns the filter as an object, which JSON.stringify() uses too. */
  toJSON(): Filters<Row> {
    return joinFilters(this.parts) as Filters<Row>;
  }

  /** Returns the value of the query parameter `filters`. */
  toString(): string {
    return JSON.stringify(this);
  }

  private with(filter: object): FilterBuilder<Row> {
    return new FilterBuilder<Row>([...this.parts, toFilterObject(filter)]);
  }
}

/**
 * Starts a filter over the rows of a type.
 *
 * @example
 * const urgent = filterBy<Ticket>()
 *   .where('status', 'open')
 *   .where('createdAt', 'gte', monday)
 *   .or({ priority: 'urgent' }, { assigneeId: null });
 * await fetch(`/api/support-tickets?filters=${encodeURIComponent(String(urgent))}`);
 */
export function filterBy<Row>(): FilterBuilder<Row> {
  return new FilterBuilder<Row>();
}
