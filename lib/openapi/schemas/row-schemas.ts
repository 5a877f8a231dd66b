import type { EntityMetadata } from 'typeorm';
import { namedType, exposedProperties } from '../../crud/model/response-exposure.js';
import type { ExposedProperty } from '../../crud/model/response-exposure.js';
import { buildFieldTree, isColumn } from '../../crud/model/field-tree.js';
import type { FieldTree } from '../../crud/model/field-tree.js';
import type { ProjectionRules } from '../../crud/query/projection-rules.js';
import { compileColumns, isSelected } from '../../crud/model/resource-column.js';
import type { Resource } from '../../crud/resource/resource.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import { annotate, columnAnnotations, swaggerSchema } from './swagger-properties.js';
import { outputSchema, declaredSchema, orNull, schemaOfDeclared } from './column-json-schema.js';
import type { DocumentContext } from '../describe-options.js';

/** A property of a response. */
interface OutputProperty {
  readonly schema: JsonSchema;
  /** True if every response contains it. */
  readonly isRequired: boolean;
}

/** An entity in a response. */
interface ShownEntity {
  readonly metadata: EntityMetadata;
  readonly fields: FieldTree;
  /** Paths of the relations that may be included. */
  readonly include: readonly string[];
}

/** Creates the schemas of a resource's rows in responses. */
export class RowSchemas {
  /** @param qualifier the prefix of a schema name that another schema already has */
  constructor(
    private readonly resource: Resource,
    private readonly document: DocumentContext,
    private readonly qualifier: string,
  ) {}

  /**
   * Returns the schema of a row, whole: with `fields` a client asks for less, and types its request itself.
   *
   * @param dto the response DTO; undefined for the entity itself
   * @param rules the projection rules of the response
   */
  row(dto: Function | undefined, rules: ProjectionRules): JsonSchema {
    const { rows } = this.document;
    const known = rows.get(this.resource) ?? new Map<Function | undefined, JsonSchema>();
    rows.set(this.resource, known);
    const schema = known.get(dto) ?? this.entity(dto, { ...this.resource, include: [...rules.include] });
    known.set(dto, schema);
    return schema;
  }

  private entity(dto: Function | undefined, { metadata, fields, include }: ShownEntity): JsonSchema {
    const loaded = fieldNames(fields);
    const type = metadata.target as Function;
    const shown = dto === undefined ? exposedProperties(type, loaded) : exposedProperties(dto, []);
    const relations = new Set(include.map((path) => path.split('.', 1)[0]));
    const schema = objectOf([
      ...[...shown]
        .filter(([property, { key }]) => !relations.has(property) && !relations.has(key))
        .map(([property, how]): Entry => [how.key, this.property(dto, { metadata, fields, include }, property, how)]),
      ...[...relations].map((name): Entry => {
        const key = relationKey(dto ?? type, dto === undefined, name);
        const schema = this.relation(dto, { metadata, fields, include }, name);
        return [key, { schema: annotate(schema, swaggerSchema(dto ?? type, name)), isRequired: false }];
      }),
    ]);
    return this.document.schemas.add(dto?.name ?? metadata.name, this.qualifier, schema);
  }

  private relation(dto: Function | undefined, { metadata, include }: ShownEntity, name: string): JsonSchema {
    const relation = metadata.findRelationWithPropertyPath(name)!;
    const related = relation.inverseEntityMetadata;
    const further = include.filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1));
    const fields = buildFieldTree(compileColumns(this.resource.dataSource, related));
    const viewed = dto && namedType(dto, name);
    const schema =
      dto === undefined
        ? this.entity(undefined, { metadata: related, fields, include: further })
        : viewed === undefined
          ? {}
          : this.ofClass(viewed);
    const isMany = relation.isOneToMany || relation.isManyToMany;
    return isMany ? { type: 'array', items: schema } : orNull(schema);
  }

  private property(
    dto: Function | undefined,
    { metadata, fields }: ShownEntity,
    property: string,
    shown: ExposedProperty,
  ): OutputProperty {
    const type = dto ?? (metadata.target as Function);
    const annotations = swaggerSchema(type, property);
    if (!shown.isUntransformed) return { schema: annotations, isRequired: false };
    // A DTO property without a column of that name is filled from the column of its JSON key.
    const field = fields.get(property) ?? (dto === undefined ? undefined : fields.get(shown.key));
    const isShownByColumn = field !== undefined && (isColumn(field) ? isSelected(field) : true);
    if (!isShownByColumn) {
      return { schema: annotate(this.declared(type, property), annotations), isRequired: false };
    }
    if (isColumn(field)) {
      const schema = annotate(outputSchema(field), { ...columnAnnotations(field), ...annotations });
      return { schema, isRequired: true };
    }
    const nested = (dto && namedType(dto, property)) ?? embeddedClass(metadata, property);
    const schema = this.embedded(metadata, property, field, nested, dto === undefined);
    return { schema: annotate(schema, annotations), isRequired: true };
  }

  /** @param isOwn whether properties are exposed unless excluded; false within a DTO */
  private embedded(
    metadata: EntityMetadata,
    path: string,
    fields: FieldTree,
    type: Function | undefined,
    isOwn: boolean,
  ): JsonSchema {
    const names = isOwn ? fieldNames(fields) : [];
    const shown: Iterable<[string, ExposedProperty]> =
      type === undefined
        ? [...names].map((name): [string, ExposedProperty] => [name, { key: name, isUntransformed: true }])
        : exposedProperties(type, names);
    return objectOf(
      [...shown].map(([property, { key, isUntransformed }]): Entry => {
        const field = fields.get(property);
        if (!isUntransformed || field === undefined) return [key, { schema: {}, isRequired: false }];
        if (isColumn(field)) {
          const annotations = { ...columnAnnotations(field), ...swaggerSchema(type, property) };
          return [key, { schema: annotate(outputSchema(field), annotations), isRequired: true }];
        }
        const inner = `${path}.${property}`;
        const nested = (type && namedType(type, property)) ?? embeddedClass(metadata, inner);
        return [key, { schema: this.embedded(metadata, inner, field, nested, isOwn), isRequired: true }];
      }),
    );
  }

  /** Returns the schema of a property that is not a column, from its class. */
  private declared(type: Function, property: string): JsonSchema {
    const declared = declaredSchema(type, property);
    const named = namedType(type, property);
    if (named === undefined) return declared;
    const isClass = Object.keys(schemaOfDeclared(named)).length === 0;
    const schema = isClass ? this.ofClass(named) : schemaOfDeclared(named);
    return declared.type === 'array' ? { type: 'array', items: schema } : schema;
  }

  /** Returns the schema of a nested class in a response, from its exposed properties. */
  private ofClass(type: Function): JsonSchema {
    return this.document.schemas.forClass(type, 'Response', () =>
      objectOf(
        [...exposedProperties(type, [])].map(([property, { key, isUntransformed }]) => [
          key,
          {
            schema: annotate(isUntransformed ? this.declared(type, property) : {}, swaggerSchema(type, property)),
            isRequired: false,
          },
        ]),
      ),
    );
  }
}

/** Returns the fields that loading a row selects. */
function fieldNames(fields: FieldTree): Set<string> {
  return new Set([...fields].filter(([, field]) => !isColumn(field) || isSelected(field)).map(([name]) => name));
}

function embeddedClass(metadata: EntityMetadata, path: string): Function | undefined {
  const type = metadata.findEmbeddedWithPropertyPath(path)?.type;
  return typeof type === 'function' ? type : undefined;
}

type Entry = readonly [key: string, property: OutputProperty];

function objectOf(entries: readonly Entry[]): JsonSchema {
  const required = entries.filter(([, { isRequired }]) => isRequired).map(([key]) => key);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, { schema }]) => [key, schema])),
    ...(required.length > 0 && { required }),
  };
}

/** Returns the JSON key of a relation. */
function relationKey(type: Function, isOwn: boolean, name: string): string {
  const shown = [...exposedProperties(type, isOwn ? [name] : [])];
  return shown.find(([property, { key }]) => property === name || key === name)?.[1].key ?? name;
}
