import type { JsonSchema } from './json-schema.types.js';

/**
 * The comparisons that a column type supports: equality, order, order and substrings, or list elements. A type without
 * comparability supports only the null check.
 */
export type Comparability = 'equality' | 'order' | 'text' | 'list';

/**
 * Parses the values of a column: from a JSON body, from application code and from a query parameter. Also describes
 * them in the OpenAPI document, so that description and parser stay together.
 */
export interface ColumnType {
  /** The accepted values, for messages: `must be ${description}`. */
  readonly description: string;

  /** The JSON Schema of a value in a response, without null. */
  readonly schema: JsonSchema;

  /** The JSON Schema of a value in a request, if it differs from `schema`. */
  readonly inputSchema?: JsonSchema;

  /** The JSON Schema of an operand of a comparison, if it may be written in more ways than a value in a body. */
  readonly operandSchema?: JsonSchema;

  /** The supported comparisons; undefined if none makes sense (JSON, binary). */
  readonly comparability?: Comparability;

  /** The type of the elements, for lists. */
  readonly element?: ColumnType;

  /**
   * Converts a value to the form that TypeORM accepts.
   *
   * @param value from JSON or from application code, never null
   * @returns undefined if it does not fit the column
   */
  readonly fromJson: (value: unknown) => unknown;

  /**
   * Parses a query parameter. Undefined for types without a text form (JSON, binary, lists).
   *
   * @returns undefined if the text does not fit the column
   */
  readonly fromText?: (text: string) => unknown;

  /**
   * Converts an operand of a comparison, if it may be more exact than a value of an entity; `fromJson` and `fromText`
   * by default.
   */
  readonly fromOperand?: (value: unknown) => unknown;

  /** True if only the database knows which values fit, e.g. of a network address or a range. */
  readonly isCheckedByDatabase?: true;

  /** True for points in time that databases store with microseconds, whereas a Date and JSON have milliseconds. */
  readonly isInstant?: true;

  /**
   * Converts an entity's value to JSON, if the database or the driver decides how an entity holds it; undefined if it
   * is the same everywhere.
   */
  readonly toJson?: (value: unknown) => unknown;
}

/** Creates a type whose query parameters have the same text as its JSON strings. */
export function textual(
  description: string,
  described: Pick<ColumnType, 'comparability' | 'schema' | 'inputSchema'>,
  read: (value: unknown) => unknown,
): ColumnType {
  return { description, ...described, fromJson: read, fromText: read };
}
