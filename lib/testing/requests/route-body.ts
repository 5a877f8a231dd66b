import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import type { BodySchema } from '../../crud/body/body-schema.js';
import { columnsIn } from '../../crud/model/field-tree.js';
import type { ResourceColumn } from '../../crud/model/resource-column.js';
import type { Resource } from '../../crud/resource/resource.js';
import { Examples } from '../../openapi/examples.js';
import { ruledPropertiesOf } from '../../openapi/schemas/dto-schemas.js';
import { SchemaRegistry } from '../../openapi/schemas/schema-registry.js';
import { keysOfTable } from '../../orm/policy/declared-foreign-keys.js';
import type { ApplicationRoute } from '../routes/application-route.js';
import { propertyOf } from '../rows/stored-row.js';
import type { StoredRow } from '../rows/stored-row.js';
import { primaryKeyOf } from './value-source.js';
import type { ValueSource, ValueSources } from './value-source.js';

/** A property of a request body. */
export interface BodyProperty {
  readonly name: string;
  /** The rows whose keys or values the property names; undefined for other properties. */
  readonly source: ValueSource | undefined;
  /** True if the value is a list of keys. */
  readonly isList: boolean;
  /** True if the property is a value that must be unique. */
  readonly isUnique: boolean;
  /** True if the property references a row. */
  readonly isReference: boolean;
  /** True if a valid body contains it. */
  readonly isRequired: boolean;
  /** A value that fits the rules; undefined if none is known. */
  readonly example: unknown;
}

/** Returns the known properties of a route's body; undefined if the handler declares no body. */
export function bodyPropertiesOf(route: ApplicationRoute, sources: ValueSources): BodyProperty[] | undefined {
  const { crud } = route;
  if (crud !== undefined) {
    const { operation, resource } = crud;
    if (operation === 'createMany') return crudProperties(resource, resource.bodies.create.form, sources, route);
    if (operation !== 'create' && operation !== 'replace' && operation !== 'update') return undefined;
    return crudProperties(resource, resource.bodies[operation].form, sources, route);
  }
  const parameters = route.parameters.filter(({ source }) => source === 'body');
  if (parameters.length === 0) return undefined;
  return parameters.flatMap(({ name, type }) => {
    if (name !== undefined) return [namedProperty(name, type, sources.ofName(name, route))];
    return type === undefined ? [] : dtoProperties(type, (property) => sources.ofName(property, route));
  });
}

/** Returns the value of a column in a row as JSON, or as the part of a path. */
export function valueOf(row: StoredRow, columns: readonly ColumnMetadata[]): unknown {
  const values = columns.map((column) => row.values[propertyOf(column)]);
  const json = values.map((value) => (value instanceof Date ? value.toISOString() : value));
  return json.length === 1 ? json[0] : json.map(String).join(',');
}

function crudProperties(
  resource: Resource,
  form: BodySchema,
  sources: ValueSources,
  route: ApplicationRoute,
): BodyProperty[] {
  const ofColumn = (column: ResourceColumn, isRequired: boolean, example: unknown): BodyProperty => {
    const target = keysOfTable(resource.metadata).find(
      ({ columns }) => columns.length === 1 && columns[0].own.databaseName === column.metadata.databaseName,
    )?.target;
    return {
      name: column.property,
      source: target === undefined ? ownColumn(resource.metadata, column.metadata) : primaryKeyOf(target),
      isList: false,
      isUnique: isUniqueIn(resource.metadata, column.metadata),
      isReference: target !== undefined,
      isRequired,
      example,
    };
  };
  const named = (property: string): BodyProperty | undefined => {
    if (resource.hasColumn(property)) return undefined;
    const link = resource.linkFields.get(property);
    if (link === undefined) return undefined;
    const source = primaryKeyOf(link.target);
    return { name: property, source, isList: true, isUnique: false, isReference: true, isRequired: false, example: [] };
  };
  if (form.dto === undefined) {
    const columns = [...columnsIn(form.fields)].filter(
      (column) => form.accepts(column) && !column.property.includes('.'),
    );
    const parents = new Set((resource.parents?.columns ?? []).map(({ own }) => own.property));
    return columns
      .filter(({ property }) => !parents.has(property))
      .map((column) =>
        ofColumn(
          column,
          !column.metadata.isNullable && column.metadata.default === undefined,
          examples().of(column.type.inputSchema ?? column.type.schema),
        ),
      );
  }
  return dtoProperties(form.dto, (property) => sources.ofName(property, route)).map((rules) => {
    const link = named(rules.name);
    if (link !== undefined) return link;
    return resource.hasColumn(rules.name)
      ? ofColumn(resource.column(rules.name), rules.isRequired, rules.example)
      : rules;
  });
}

function dtoProperties(type: Function, sourceOf: (property: string) => ValueSource | undefined): BodyProperty[] {
  const registry = new SchemaRegistry(new Set());
  const examples = new Examples(({ $ref = '' }) => registry.get($ref.split('/').at(-1)!));
  return [...ruledPropertiesOf(type, registry)].map(([name, { schema, isRequired }]) => {
    const source = sourceOf(name);
    const isReference = source?.kind === 'columns' && source.columns.every(({ isPrimary }) => isPrimary);
    return {
      name,
      source,
      isList: schema.type === 'array',
      isUnique: !isReference && isUniqueSource(source),
      isReference,
      isRequired,
      example: examples.of(schema),
    };
  });
}

function namedProperty(name: string, type: Function | undefined, source: ValueSource | undefined): BodyProperty {
  const example = type === Number ? 1 : type === Boolean ? true : type === Array ? [] : 'text';
  const isReference = source?.kind === 'columns' && source.columns.every(({ isPrimary }) => isPrimary);
  const isUnique = !isReference && isUniqueSource(source);
  return { name, source, isList: type === Array, isUnique, isReference, isRequired: true, example };
}

function ownColumn(metadata: EntityMetadata, column: ColumnMetadata): ValueSource {
  return { kind: 'columns', metadata, columns: [column] };
}

function isUniqueSource(source: ValueSource | undefined): boolean {
  return source?.kind === 'columns' && source.columns.some((column) => isUniqueIn(source.metadata, column));
}

function isUniqueIn({ uniques, indices }: EntityMetadata, { databaseName }: ColumnMetadata): boolean {
  const keys = [...uniques, ...indices.filter(({ isUnique }) => isUnique)];
  return keys.some(({ columns }) => columns.some((column) => column.databaseName === databaseName));
}

function examples(): Examples {
  return new Examples((schema) => schema);
}
