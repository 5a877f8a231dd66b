import type { SchemaRegistry } from './schemas/schema-registry.js';

/** Options of `describeResources` and `createResourceDocument`. */
export interface DescribeOptions {
  /**
   * The format of errors where a client may choose it by `Accept`: Nest's by default, problem details (RFC 9457) with
   * true. A generated client that is to get them must send `Accept: application/problem+json`.
   */
  readonly problemDetails?: boolean;
}

/** What describes one document: its options, and its named schemas so far. */
export interface DocumentContext extends Required<DescribeOptions> {
  readonly schemas: SchemaRegistry;
}

/** Starts a document with the defaults of the options that are left out. */
export function documentContext(options: DescribeOptions, schemas: SchemaRegistry): DocumentContext {
  return { problemDetails: options.problemDetails ?? false, schemas };
}
