import type { Related, RowPath, ValueAt } from './row-paths.js';

/**
 * The filter operators. `eq` is the default and has no suffix; others follow the column's name after two underscores.
 *
 * @example
 * createdAt__gte
 */
export type FilterOperator = keyof TextComparisons<string>;

/** The operators of columns that can only be tested for null. */
interface NullComparison {
  is_null: boolean;
}

/** The operators of columns without an order, and their operands. */
interface EqualityComparisons<V> extends NullComparison {
  eq: V;
  ne: V;
  in: readonly V[];
  not_in: readonly V[];
}

/** The operators of columns with an order. */
interface OrderComparisons<V> extends EqualityComparisons<V> {
  lt: V;
  lte: V;
  gt: V;
  gte: V;
  between: readonly [V, V];
}

/** The operators of text columns. */
interface TextComparisons<V> extends OrderComparisons<V> {
  contains: string;
  starts_with: string;
  ends_with: string;
  icontains: string;
  istarts_with: string;
  iends_with: string;
}

/** The operators of list columns. */
interface ListComparisons<E> extends NullComparison {
  contains: E;
}

/** The operators of a relation: whether there is a related row. */
interface RelationComparisons extends NullComparison {
  eq: null;
}

/** What a value is compared with. JSON has dates as texts, so a Date is accepted for any text. */
type Operand<V> = V extends Date ? Date | string : string extends V ? V | Date : V;

/** The operators of a property, by the type of its value, and their operands. */
type Comparisons<V> = unknown extends V
  ? TextComparisons<unknown>
  : [V] extends [boolean]
    ? EqualityComparisons<boolean>
    : [V] extends [readonly (infer E)[]]
      ? [Related<NonNullable<E>>] extends [never]
        ? ListComparisons<Operand<NonNullable<E>>>
        : RelationComparisons
      : [V] extends [string]
        ? string extends V
          ? TextComparisons<Operand<V>>
          : EqualityComparisons<V>
        : [V] extends [number | bigint | Date]
          ? number extends V
            ? OrderComparisons<Operand<V>>
            : [V] extends [number]
              ? EqualityComparisons<V>
              : OrderComparisons<Operand<V>>
          : [Related<V>] extends [never]
            ? OrderComparisons<Operand<V>>
            : RelationComparisons;

/** The operators of the column or relation at a path, and their operands. A nullable column can be equal to null. */
export type ComparisonsAt<Row, Path extends string> =
  Comparisons<NonNullable<ValueAt<Row, Path>>> extends infer C
    ? { [O in keyof C]: C[O] | (O extends 'eq' | 'ne' ? Extract<ValueAt<Row, Path>, null> : never) }
    : never;

/** A key of a filter and its operand. */
type Condition<Row> = {
  [P in RowPath<Row>]: {
    [O in keyof ComparisonsAt<Row, P> & string]: {
      key: O extends 'eq' ? P : `${P}__${O}`;
      operand: ComparisonsAt<Row, P>[O];
    };
  }[keyof ComparisonsAt<Row, P> & string];
}[RowPath<Row>];

/**
 * The conditions of a list, which are ANDed. A key is a column, or a column and an operator. `undefined` adds no
 * condition, so that optional fields of a form need no branches. `null` means IS NULL.
 *
 * The type is derived from a row, which may have more columns than the resource can be filtered by, or fewer: add those
 * that rows do not show, `Filters<Ticket & { comments: Comment[] }>`.
 *
 * @example
 * const filters: Filters<Ticket> = {
 *   status: 'open',
 *   createdAt__gte: monday,
 *   'assignee.email__ends_with': '@acme.example',
 *   $or: [{ priority__in: ['high', 'urgent'] }, { assigneeId: null }],
 * };
 */
export type Filters<Row> = {
  readonly [C in Condition<Row> as C['key']]?: C['operand'] | undefined;
} & FilterGroups<Row>;

/** The groups of a filter. */
interface FilterGroups<Row> {
  /** All of them must match. */
  readonly $and?: readonly FilterInput<Row>[] | undefined;
  /** At least one of them must match. */
  readonly $or?: readonly FilterInput<Row>[] | undefined;
  /** It must not match; includes rows in which a compared column is null. */
  readonly $not?: FilterInput<Row> | undefined;
}

/** A filter, or the builder of one. */
export type FilterInput<Row> = Filters<Row> | BuiltFilter<Row>;

/** The builder of a filter. */
export interface BuiltFilter<Row> {
  toJSON(): Filters<Row>;
  /** Has no value: keeps builders for other rows apart. */
  readonly rowType?: (row: Row) => void;
}
