import type { JsonSchema, JsonType } from '../../crud/column-types/json-schema.types.js';
import { enumSchema } from '../../crud/column-types/enum-schema.js';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { ResourceColumn } from '../../crud/model/resource-column.js';
import { orNull, schemaOfDeclared, typesOf } from './column-json-schema.js';
import { combineSchemas } from './intersect-schemas.js';

/** Metadata keys of `@nestjs/swagger`. The package is never imported, because it may not be installed. */
const PROPERTY_NAMES = 'swagger/apiModelPropertiesArray';
const PROPERTY = 'swagger/apiModelProperties';

/** The options of `@ApiProperty()`, as far as the document uses them. */
interface SwaggerProperty {
  readonly type?: unknown;
  readonly isArray?: boolean;
  readonly enum?: readonly unknown[];
  readonly enumName?: string;
  readonly items?: { readonly enum?: readonly unknown[] };
  readonly example?: unknown;
  readonly examples?: unknown;
}

/** Keywords of `@ApiProperty()` that a schema takes as they are. */
const KEYWORDS = [
  'title',
  'description',
  'default',
  'deprecated',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
] as const satisfies (keyof JsonSchema)[];
const JSON_TYPES: readonly unknown[] = ['string', 'number', 'integer', 'boolean', 'object'] satisfies JsonType[];

/** Returns the properties of a class that have `@ApiProperty()`, with its options. */
export function swaggerPropertiesOf(type: Function): ReadonlyMap<string, SwaggerProperty> {
  const prototype = type.prototype as object | undefined;
  if (prototype === undefined) return new Map();
  const names = (Reflect.getMetadata(PROPERTY_NAMES, prototype) ?? []) as readonly string[];
  return new Map(
    names
      .map((name) => name.slice(1))
      .map((name) => [name, (Reflect.getMetadata(PROPERTY, prototype, name) ?? {}) as SwaggerProperty]),
  );
}

/** Returns what `@ApiProperty()` says of a property; an empty schema without it. */
export function swaggerSchema(type: Function | undefined, property: string): JsonSchema {
  const prototype = type?.prototype as object | undefined;
  const options = prototype && (Reflect.getMetadata(PROPERTY, prototype, property) as SwaggerProperty | undefined);
  if (options === undefined) return {};
  const { example, examples, enum: values } = options;
  const keywords = Object.entries(options).filter(([key]) => (KEYWORDS as readonly string[]).includes(key));
  return {
    ...declaredType(options, Reflect.getMetadata('design:type', prototype!, property)),
    ...Object.fromEntries(keywords),
    ...(values !== undefined && enumSchema(values)),
    ...(example !== undefined && { examples: [example] }),
    ...(typeof examples === 'object' && examples !== null && { examples: Object.values(examples) }),
  };
}

/** Returns the type that the decorator names. Without one it contains the property's type in TypeScript. */
function declaredType({ type, isArray }: SwaggerProperty, design: unknown): JsonSchema {
  if (isArray === true || type === design) return {};
  return JSON_TYPES.includes(type) ? { type: type as JsonType } : schemaOfDeclared(type);
}

/** Returns what the entity says of a column: by `@ApiProperty()`, otherwise by the comment in the database. */
export function columnAnnotations({ metadata }: ResourceColumn): JsonSchema {
  let known = annotations.get(metadata);
  if (known === undefined) {
    known = readAnnotations(metadata);
    annotations.set(metadata, known);
  }
  return known;
}

/** Several routes describe the same columns. */
const annotations = new WeakMap<ColumnMetadata, JsonSchema>();

function readAnnotations(metadata: ColumnMetadata): JsonSchema {
  const { comment, target, propertyName } = metadata;
  return {
    ...(comment !== undefined && comment !== '' && { description: comment }),
    ...swaggerSchema(typeof target === 'function' ? target : undefined, propertyName),
  };
}

/** Adds annotations to a schema. They may narrow its type, but a nullable schema stays nullable. */
export function annotate(schema: JsonSchema, annotations: JsonSchema): JsonSchema {
  if (Object.keys(annotations).length === 0) return schema;
  const { type: _type, enum: _enum, ...words } = annotations;
  if (schema.$ref !== undefined || schema.anyOf !== undefined) return { ...schema, ...words };
  const types = typesOf(schema);
  if (!types.includes('null')) return combineSchemas(schema, annotations);
  const { enum: values, ...rest } = schema;
  const bare = {
    ...rest,
    type: types.filter((type) => type !== 'null'),
    ...(values !== undefined && { enum: values.filter((value) => value !== null) }),
  };
  return orNull(combineSchemas(bare, annotations));
}
