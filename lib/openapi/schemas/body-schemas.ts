import { columnOf, isReadOnly } from '../../crud/body/body-schema.js';
import type { BodySchema } from '../../crud/body/body-schema.js';
import type { BodyRoute } from '../../crud/options/crud-routes.js';
import { keyForProperty } from '../../crud/model/response-exposure.js';
import { isColumn } from '../../crud/model/field-tree.js';
import type { FieldTree } from '../../crud/model/field-tree.js';
import { isHidden } from '../../crud/model/hidden-columns.js';
import { isRequired, topLevelProperty } from '../../crud/model/resource-column.js';
import type { ResourceColumn } from '../../crud/model/resource-column.js';
import type { Resource } from '../../crud/resource/resource.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import { ruledPropertiesOf } from './dto-schemas.js';
import type { RuledProperty } from './dto-schemas.js';
import { annotate, columnAnnotations, swaggerSchema } from './swagger-properties.js';
import { combineSchemas } from './intersect-schemas.js';
import { inputSchema, linkListSchema, orNull } from './column-json-schema.js';
import type { DocumentContext } from '../describe-options.js';
import { nameOf } from './schema-registry.js';
import type { SchemaRegistry } from './schema-registry.js';

const VERBS: Readonly<Record<BodyRoute, string>> = { create: 'Create', replace: 'Replace', update: 'Update' };

/** The handler of a request body. */
export interface BodyContext {
  readonly route: BodyRoute;
  /** True if the body must contain every required column, because no application code can add it. */
  readonly isBodyComplete: boolean;
  /** The prefix of a schema name that another schema already has. */
  readonly qualifier: string;
}

/** Returns the schema of a request body. */
export function bodySchema(resource: Resource, reader: BodyContext, document: DocumentContext): JsonSchema {
  const { schemas: named } = document;
  const { form } = resource.bodies[reader.route];
  const draft = new BodySchemaBuilder(resource, reader, form, named);
  if (form.dto === undefined) draft.addColumns(form.fields);
  else draft.addDto(form.dto);
  for (const column of form.tenantColumns) draft.add(column.property, inputSchema(column), true);
  const schema = document.isBasic ? requiringUpdate(draft.schema(), resource, reader, document) : draft.schema();
  if (form.dto !== undefined && !form.isBorrowed) return named.add(form.dto.name, reader.qualifier, schema);
  const name = `${VERBS[reader.route]}${resource.name}`;
  // Without a DTO a replacement mostly is what a new row is.
  const created = reader.route === 'replace' && named.find(`${VERBS.create}${resource.name}`, reader.qualifier, schema);
  return created || named.add(name, reader.qualifier, schema);
}

/**
 * Returns a body as that of `update` with required properties, if they are otherwise the same. It is half as long, but
 * some generators make a less readable type of it.
 */
function requiringUpdate(
  schema: JsonSchema,
  resource: Resource,
  reader: BodyContext,
  document: DocumentContext,
): JsonSchema {
  if (reader.route === 'update' || resource.bodies[reader.route].form.dto !== undefined) return schema;
  const update = bodySchema(resource, { ...reader, route: 'update' }, document);
  const { properties } = document.schemas.get(nameOf(update));
  if (JSON.stringify(properties) !== JSON.stringify(schema.properties)) return schema;
  return { type: 'object', allOf: [update], ...(schema.required !== undefined && { required: schema.required }) };
}

class BodySchemaBuilder {
  private readonly properties: Record<string, JsonSchema> = {};
  private readonly required: string[] = [];

  constructor(
    private readonly resource: Resource,
    private readonly reader: BodyContext,
    private readonly form: BodySchema,
    private readonly named: SchemaRegistry,
  ) {}

  add(key: string, schema: JsonSchema, isNeeded: boolean): void {
    this.properties[key] = schema;
    if (isNeeded) this.required.push(key);
  }

  schema(): JsonSchema {
    const { properties, required } = this;
    return { type: 'object', properties, ...(required.length > 0 && { required }) };
  }

  /** Adds the properties of a DTO, by its rules and the columns that they set. */
  addDto(dto: Function): void {
    for (const [property, rules] of ruledPropertiesOf(dto, this.named)) {
      if (isReadOnly(this.form, property)) continue;
      if (this.isOfParent(property) && !rules.isRequired) continue;
      const field = this.form.fields.get(property);
      const ofColumn = field !== undefined && isColumn(field) ? columnAnnotations(field) : {};
      // The rules of the DTO decide what is valid, not the constraints of the entity.
      const { description, examples } = ofColumn;
      const annotations = {
        ...(description !== undefined && { description }),
        ...(examples !== undefined && { examples }),
        ...swaggerSchema(dto, property),
      };
      const schema = annotate(this.ofProperty(property, rules), annotations);
      const isNeeded = rules.isRequired || this.needsField(field);
      this.add(keyForProperty(dto, property), schema, !this.form.partial && isNeeded);
    }
  }

  private ofProperty(property: string, rules: RuledProperty): JsonSchema {
    const link = this.resource.linkFields.get(property);
    // A list of links cannot be null, whatever the rules allow.
    if (link !== undefined) return combineSchemas(linkListSchema(link), rules.schema);
    const column = columnOf(this.form, property);
    if (column !== undefined) return this.ruled(column, rules);
    return rules.isNullable ? orNull(rules.schema) : rules.schema;
  }

  /** Adds the columns of the entity, with its own rules, if it has any. */
  addColumns(fields: FieldTree): void {
    const { entity, partial } = this.form;
    const rules = ruledPropertiesOf(entity, this.named);
    for (const [key, field] of fields) {
      if (this.isOfParent(key) && rules.get(key)?.isRequired !== true) continue;
      const schema = isColumn(field) ? this.column(field, rules.get(topLevelProperty(field))) : this.embedded(field);
      if (schema === undefined) continue;
      const isNeeded = (isColumn(field) && rules.get(key)?.isRequired === true) || this.needsField(field);
      this.add(key, schema, !partial && isNeeded);
    }
  }

  /**
   * Checks whether the path provides the value. A body then need not contain it, unless a rule of the application
   * requires it.
   */
  private isOfParent(property: string): boolean {
    return this.resource.parents?.columns.some(({ own }) => own.property === property) ?? false;
  }

  private column(column: ResourceColumn, rules: RuledProperty | undefined): JsonSchema | undefined {
    if (!this.resource.bodies[this.reader.route].covers(column)) return undefined;
    const schema = rules === undefined ? inputSchema(column) : this.ruled(column, rules);
    return annotate(schema, columnAnnotations(column));
  }

  private embedded(fields: FieldTree): JsonSchema | undefined {
    const inner = new BodySchemaBuilder(this.resource, this.reader, this.form, this.named);
    for (const [key, field] of fields) {
      const schema = isColumn(field) ? this.column(field, undefined) : this.embedded(field);
      if (schema === undefined) continue;
      inner.add(key, schema, !this.form.partial && this.needsField(field));
    }
    const schema = inner.schema();
    return Object.keys(schema.properties!).length > 0 ? schema : undefined;
  }

  /** PATCH: nullable if the column is. Otherwise: nullable only if both the column and the DTO allow null. */
  private ruled(column: ResourceColumn, { schema, isNullable }: RuledProperty): JsonSchema {
    const { type, metadata } = column;
    const combined = combineSchemas(type.inputSchema ?? type.schema, schema);
    return metadata.isNullable && (this.form.isBorrowed || isNullable) ? orNull(combined) : combined;
  }

  private needsField(field: ResourceColumn | FieldTree | undefined): boolean {
    if (field === undefined) return false;
    return isColumn(field) ? this.needs(field) : [...field.values()].some((inner) => this.needsField(inner));
  }

  private needs(column: ResourceColumn): boolean {
    if (!this.form.accepts(column) || !this.reader.isBodyComplete || !isRequired(column)) return false;
    const { metadata, dataSource, shown } = this.resource;
    if (this.reader.route === 'replace') return shown.has(topLevelProperty(column)) && !isHidden(column);
    return metadata.beforeInsertListeners.length === 0 && dataSource.subscribers.length === 0;
  }
}
