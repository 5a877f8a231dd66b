import { getMetadataStorage, ValidationTypes } from 'class-validator';
import type { ValidationMetadata } from '../../common/peer-internals.js';
import { isTransformed, keyForProperty, namedType } from '../../crud/model/response-exposure.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import { annotate, swaggerSchema } from './swagger-properties.js';
import { combineSchemas } from './intersect-schemas.js';
import { declaredSchema, orNull } from './column-json-schema.js';
import type { SchemaRegistry } from './schema-registry.js';
import { VALIDATOR_RULES } from './class-validator-schemas.js';

/** The rules of class-validator for a property of a body. */
export interface RuledProperty {
  readonly schema: JsonSchema;
  /** True if the rules reject a body without it. */
  readonly isRequired: boolean;
  /** True if the rules allow null. */
  readonly isNullable: boolean;
}

/** Returns the rules of a class, by property. */
export function ruledPropertiesOf(type: Function, named: SchemaRegistry): ReadonlyMap<string, RuledProperty> {
  const rules = new Map<string, ValidationMetadata[]>();
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(type, '', false, false)) {
    rules.set(rule.propertyName, [...(rules.get(rule.propertyName) ?? []), rule]);
  }
  return new Map([...rules].map(([property, own]) => [property, ruledProperty(type, property, own, named)]));
}

/** Returns the schema of a nested class in a body. */
function nestedSchema(type: Function, named: SchemaRegistry): JsonSchema {
  return named.forClass(type, 'Body', () => {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const [property, { schema, isRequired, isNullable }] of ruledPropertiesOf(type, named)) {
      const key = keyForProperty(type, property);
      properties[key] = annotate(isNullable ? orNull(schema) : schema, swaggerSchema(type, property));
      if (isRequired) required.push(key);
    }
    return { type: 'object', properties, ...(required.length > 0 && { required }) };
  });
}

function ruledProperty(
  type: Function,
  property: string,
  rules: readonly ValidationMetadata[],
  named: SchemaRegistry,
): RuledProperty {
  // The rules check the transformed value, not the one that a client sends.
  if (isTransformed(type, property, 'in')) return { schema: {}, isRequired: false, isNullable: true };
  const conditions = rules.filter((rule) => rule.type === ValidationTypes.CONDITIONAL_VALIDATION);
  const known = rules.filter((rule) => isKnown(rule));
  const nested = rules.find((rule) => rule.type === ValidationTypes.NESTED_VALIDATION);
  const parts = known.map(schemaOfRule);
  if (nested !== undefined) parts.unshift(schemaOfNested(type, property, nested, named));
  return {
    schema: parts.reduce(combineSchemas, {}),
    isRequired: known.length > 0 && conditions.length === 0,
    isNullable: (known.length === 0 && nested === undefined) || conditions.some(({ name }) => name === 'isOptional'),
  };
}

/** Excludes rules with their own condition, because they may not apply. */
function isKnown({ name, validateIf }: ValidationMetadata): boolean {
  return VALIDATOR_RULES.has(name ?? '') && validateIf === undefined;
}

function schemaOfRule({ name, constraints, each }: ValidationMetadata): JsonSchema {
  const schema = VALIDATOR_RULES.get(name!)!(...((constraints ?? []) as unknown[]));
  return each ? { type: 'array', items: schema } : schema;
}

function schemaOfNested(
  type: Function,
  property: string,
  { each }: ValidationMetadata,
  named: SchemaRegistry,
): JsonSchema {
  const nested = namedType(type, property);
  const schema = nested === undefined ? ({ type: 'object' } as const) : nestedSchema(nested, named);
  const isList = each || declaredSchema(type, property).type === 'array';
  return isList ? { type: 'array', items: schema } : schema;
}
