import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import type { Resource } from '../crud/resource/resource.js';
import { EnumNames } from './schemas/enum-names.js';
import type { SchemaRegistry } from './schemas/schema-registry.js';

/** Options of `describeResources` and `createResourceDocument`. */
export interface DescribeOptions {
  /**
   * What to describe of each list. `all`, the default, has a parameter for each operator of each column. `basic` is for
   * documents of many resources: the equality of keys and of columns with few or short values, and the parameter
   * `filters`, in which clients still may use all operators; no `fields`, no generated examples, and one response for
   * the errors that any request may get.
   */
  readonly operators?: 'basic' | 'all';
  /**
   * The format of errors where a client may choose it by `Accept`: Nest's by default, problem details (RFC 9457) with
   * true. A generated client that is to get them must send `Accept: application/problem+json`.
   */
  readonly problemDetails?: boolean;
  /**
   * Names for enums, by their values: each schema with these values refers to one of that name. `@ApiProperty({
   * enumName })` on an entity or DTO names one too.
   *
   * @example
   * describeResources(app, document, { enums: { TicketStatus: TICKET_STATUSES } })
   */
  readonly enums?: Readonly<Record<string, object>>;
}

/** The description of one document: its options, and its named schemas so far. */
export interface DocumentContext {
  readonly isBasic: boolean;
  readonly problemDetails: boolean;
  readonly enums: EnumNames;
  readonly schemas: SchemaRegistry;
  /** The schemas of rows that several routes respond with. */
  readonly rows: WeakMap<Resource, Map<Function | undefined, JsonSchema>>;
}

/** Starts a document with the defaults of the options that are left out. */
export function documentContext(options: DescribeOptions, schemas: SchemaRegistry): DocumentContext {
  return {
    isBasic: options.operators === 'basic',
    problemDetails: options.problemDetails ?? false,
    enums: new EnumNames(options.enums ?? {}),
    schemas,
    rows: new WeakMap(),
  };
}
