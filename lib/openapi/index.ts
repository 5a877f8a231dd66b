/** The entry point `nestjs-muck/openapi`. */
export type {
  ComponentsObject,
  ContentObject,
  DocumentInfo,
  HeaderObject,
  OpenApiDocument,
  OperationObject,
  ParameterObject,
  PathItemObject,
  ReferenceObject,
  RequestBodyObject,
  ResourceDocument,
  ResponseObject,
  TagObject,
} from './openapi.types.js';
export type { DescribeOptions } from './describe-options.js';
export { createResourceDocument, describeResources } from './describe-resources.js';
export type { JsonSchema, JsonType } from '../crud/column-types/json-schema.types.js';
