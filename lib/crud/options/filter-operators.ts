/**
 * The kind of operand: a value of the column's type, a list of values, a range, a boolean, a substring, or a list
 * element.
 */
export type OperandKind = 'value' | 'list' | 'range' | 'nullCheck' | 'substring' | 'element';

/** The kind of operand of each operator. */
export const OPERANDS = {
  eq: 'value',
  ne: 'value',
  lt: 'value',
  lte: 'value',
  gt: 'value',
  gte: 'value',
  in: 'list',
  not_in: 'list',
  between: 'range',
  is_null: 'nullCheck',
  contains: 'substring',
  starts_with: 'substring',
  ends_with: 'substring',
  icontains: 'substring',
  istarts_with: 'substring',
  iends_with: 'substring',
} as const satisfies Readonly<Record<string, OperandKind>>;

/** The name of a comparison operator. */
export type Operator = keyof typeof OPERANDS;

/**
 * The filter operators: `eq` by default, others after two underscores, as in `createdAt__gte`. The names are those of
 * Flask-Muck; operators that it lacks are named in the same style.
 */
export const OPERATORS = Object.keys(OPERANDS) as readonly Operator[];
