import type { JsonSchema } from '../crud/column-types/json-schema.types.js';

/** A parameter of an operation. */
export interface ParameterObject {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema;
  /** With `explode: false` and `form`, list values are one text separated by commas. */
  readonly style?: 'form';
  readonly explode?: boolean;
  /** Instead of a schema: the parameter's text is a document of this type. */
  readonly content?: ContentObject;
}

/** The schemas of a body by media type. */
export type ContentObject = Readonly<Record<string, { readonly schema: JsonSchema }>>;

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
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  readonly content?: ContentObject;
}

/** An operation: one HTTP method of a path. */
export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters: readonly ParameterObject[];
  readonly requestBody?: RequestBodyObject;
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

/** Operations by HTTP method, in lower case. */
export type PathItemObject = Readonly<Record<string, OperationObject>>;

/**
 * An OpenAPI document, with the parts that this library reads and writes. `SwaggerModule.createDocument` returns one.
 */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> };
}

/** An OpenAPI document with only the routes of `@Crud`. */
export interface ResourceDocument extends OpenApiDocument {
  readonly info: DocumentInfo;
  readonly paths: Readonly<Record<string, PathItemObject>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** The title, version and description of an API. */
export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}
