import type { JsonSchema } from '../crud/column-types/json-schema.js';

/** A parameter of an operation. */
export interface ParameterObject {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema;
  /** With `explode: false` and `form`, the values of a list stand in one text, separated by commas. */
  readonly style?: 'form';
  readonly explode?: boolean;
  /** In place of a schema: the parameter's text is a document of this type. */
  readonly content?: ContentObject;
}

/** What a body is, by its media type. */
export type ContentObject = Readonly<Record<string, { readonly schema: JsonSchema }>>;

export interface RequestBodyObject {
  readonly required: boolean;
  readonly content: ContentObject;
}

export interface HeaderObject {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

export interface ResponseObject {
  readonly description: string;
  readonly headers?: Readonly<Record<string, HeaderObject>>;
  readonly content?: ContentObject;
}

/** What a client is told of one route. */
export interface OperationObject {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters: readonly ParameterObject[];
  readonly requestBody?: RequestBodyObject;
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

/** Operations by their verbs, in lower case. */
export type PathItemObject = Readonly<Record<string, OperationObject>>;

/** An OpenAPI document, as far as this library reads and writes it. What `SwaggerModule.createDocument` makes is one. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> };
}

/** A document of the routes of `@Crud` alone. */
export interface ResourceDocument extends OpenApiDocument {
  readonly info: DocumentInfo;
  readonly paths: Readonly<Record<string, PathItemObject>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** What an OpenAPI document says of the API as a whole. */
export interface DocumentInfo {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
}
