import type { JsonSchema } from '../crud/column-types/json-schema.types.js';

/** A reference to a component of the document. */
export interface ReferenceObject {
  readonly $ref: string;
}

/** A parameter of an operation. */
export interface ParameterObject {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema;
  /** With `form`, a list is one text separated by commas, or with `explode` the parameter is repeated. */
  readonly style?: 'form';
  readonly explode?: boolean;
  readonly example?: unknown;
}

/** The schemas of a body by media type. */
export type ContentObject = Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;

/** The request body of an operation. */
export interface RequestBodyObject {
  readonly required: boolean;
  readonly content: ContentObject;
}

/** A response header. */
export interface HeaderObject {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

/** A response of an operation. */
export interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, HeaderObject | ReferenceObject>>;
  readonly content?: ContentObject;
}

/** An operation: one HTTP method of a path. */
export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters: readonly (ParameterObject | ReferenceObject)[];
  readonly requestBody?: RequestBodyObject;
  readonly responses: Readonly<Record<string, ResponseObject | ReferenceObject>>;
}

/** Operations by HTTP method, in lower case. */
export type PathItemObject = Readonly<Record<string, OperationObject>>;

/** A tag, which groups operations. */
export interface TagObject {
  readonly name: string;
  readonly description?: string;
}

/** The shared parts of a document, by kind and name. */
export interface ComponentsObject {
  readonly schemas?: Readonly<Record<string, object>>;
  readonly parameters?: Readonly<Record<string, object>>;
  readonly responses?: Readonly<Record<string, object>>;
  readonly headers?: Readonly<Record<string, object>>;
}

/**
 * An OpenAPI document, with the parts that this library reads and writes. `SwaggerModule.createDocument` returns one.
 */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: ComponentsObject;
  readonly tags?: readonly TagObject[];
}

/** An OpenAPI document with only the routes of `@Crud`. */
export interface ResourceDocument extends OpenApiDocument {
  readonly info: DocumentInfo;
  readonly paths: Readonly<Record<string, PathItemObject>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, ParameterObject>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
    readonly headers: Readonly<Record<string, HeaderObject>>;
  };
  readonly tags: readonly TagObject[];
}

/** The title, version and description of an API. */
export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}
