import type { JsonSchema } from './json-schema.js';

/**
 * What the values of a column can be compared by: being the same; an order; an order and parts of a text; an element of a list. What
 * has no word for it can only be asked whether it is there.
 */
export type Comparability = 'equality' | 'order' | 'text' | 'list';

/**
 * How the values of a column come in from outside: from a JSON body or application code, and from the text of a query
 * parameter. And how the OpenAPI document describes them: a type that reads values says itself what it reads.
 */
export interface ColumnType {
  /** What fits, for messages: `must be ${expects}`. */
  readonly description: string;

  /** What the values look like in an answer. Null is the column's matter. */
  readonly schema: JsonSchema;

  /** What a client may write for a value, where that is not what an answer holds. */
  readonly inputSchema?: JsonSchema;

  /** What its values can be compared by; absent where no comparison makes sense (JSON, binary). */
  readonly comparability?: Comparability;

  /** Of a list: what its elements are. */
  readonly element?: ColumnType;

  /**
   * The value as TypeORM takes it.
   *
   * @param value from JSON or from application code, never null
   * @returns undefined when it does not fit the column
   */
  readonly fromJson: (value: unknown) => unknown;

  /**
   * The value of a query parameter.
   *
   * @returns undefined when it does not fit; the whole method is absent where a text cannot say it (JSON, binary, lists)
   */
  readonly fromText?: (text: string) => unknown;

  /**
   * The value in JSON, where the database or the driver decides how an entity holds it; absent where that is the same
   * everywhere.
   */
  readonly toJson?: (value: unknown) => unknown;
}

/** A type whose text in a query is what it is in JSON. */
export function textual(
  description: string,
  described: Pick<ColumnType, 'comparability' | 'schema' | 'inputSchema'>,
  read: (value: unknown) => unknown,
): ColumnType {
  return { description, ...described, fromJson: read, fromText: read };
}
