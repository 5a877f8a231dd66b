import type { JsonSchema } from './json-schema.js';

/**
 * How the values of a column come in from outside: from a JSON body or application code, and from the text of a query
 * parameter. And how the OpenAPI document describes them: a type that reads values says itself what it reads.
 */
export interface ValueType {
  /** What fits, for messages: `must be ${expects}`. */
  readonly expects: string;

  /** What the values look like in an answer. Null is the column's matter. */
  readonly schema: JsonSchema;

  /** What a client may write for a value, where that is not what an answer holds. */
  readonly inputSchema?: JsonSchema;

  /** Whether it is free text, which a search can look into. */
  readonly isText?: boolean;

  /**
   * The value as TypeORM takes it.
   *
   * @param value from JSON or from application code, never null
   * @returns undefined when it does not fit the column
   */
  readonly read: (value: unknown) => unknown;

  /**
   * The value of a query parameter.
   *
   * @returns undefined when it does not fit; the whole method is absent where no comparison makes sense (JSON, binary)
   */
  readonly parse?: (text: string) => unknown;

  /**
   * The value in JSON, where the database or the driver decides how an entity holds it; absent where that is the same
   * everywhere.
   */
  readonly toJson?: (value: unknown) => unknown;
}

/** A type whose text in a query is what it is in JSON. */
export function textual(
  expects: string,
  { schema, inputSchema }: Pick<ValueType, 'schema' | 'inputSchema'>,
  read: (value: unknown) => unknown,
): ValueType {
  return { expects, schema, ...(inputSchema !== undefined && { inputSchema }), read, parse: read };
}
