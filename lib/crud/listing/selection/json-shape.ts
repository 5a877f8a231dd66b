import type { DataSource, EntityMetadata } from 'typeorm';
import type { RelationMetadata } from '../../../common/peer-internals.js';
import { compileColumns, isSelected, topLevelProperty } from '../../model/resource-column.js';
import { exposedProperties, isExposedUntransformed, keyForProperty } from '../../model/response-exposure.js';
import { compileJsonProjection } from '../../query/json-projection.js';
import type { JsonField, JsonProjection } from '../../query/json-projection.js';
import type { SelectedBranch, SelectionNode } from './selection-tree.js';

/** A member of a JSON object that is made of a row. */
export type JsonMember =
  | { readonly kind: 'column'; readonly key: string; readonly name: string; readonly field: JsonField }
  | { readonly kind: 'row'; readonly key: string; readonly shape: JsonShape }
  | { readonly kind: 'rows'; readonly key: string; readonly branch: SelectedBranch; readonly shape: JsonShape };

/** How a row and its included rows become JSON if no entities are needed. */
export interface JsonShape {
  /** In the order of the response. */
  readonly members: readonly JsonMember[];
  /** The names of the columns of which one has a value, unless a LEFT JOIN matched no row. */
  readonly keys: readonly string[];
}

/** Matches a key that objects have before all others. */
const INDEX = /^\d+$/;

/**
 * Compiles the shape of a selection's rows.
 *
 * @param projection of the selection's own entity
 * @param fields the only properties to show, in addition to included relations
 * @returns undefined if entities are needed
 */
export function compileJsonShape(
  dataSource: DataSource,
  selected: SelectionNode,
  projection: JsonProjection | undefined,
  fields?: ReadonlySet<string>,
): JsonShape | undefined {
  const { metadata, columns, joined, branches } = selected;
  const relations = [...joined, ...branches];
  if (projection === undefined || (relations.length > 0 && !projection.isOfEntity)) return undefined;
  const members = new Map<string, JsonMember>();
  for (const field of projection.fields) {
    const { property, metadata: column } = field.column;
    const name = columns.find((other) => other.column === column)?.name;
    if (name !== undefined && fields?.has(property) !== false)
      members.set(property, { kind: 'column', key: field.key, name, field });
  }
  for (const included of relations) {
    const { relation, entity } = included;
    const key = relationKey(metadata, relation);
    const shape = compileJsonShape(dataSource, entity, projectionOf(dataSource, entity.metadata));
    if (key === undefined || shape === undefined) return undefined;
    members.set(
      relation.propertyName,
      'keys' in included ? { kind: 'rows', key, branch: included, shape } : { kind: 'row', key, shape },
    );
  }
  const order = [...new Set([...projection.declared, ...members.keys()])].flatMap((name) => members.get(name) ?? []);
  const keys = order.map(({ key }) => key);
  if (keys.some((key) => INDEX.test(key)) || new Set(keys).size !== keys.length) return undefined;
  const primary = columns.filter(({ column }) => column.isPrimary);
  return { members: order, keys: (primary.length > 0 ? primary : columns).map(({ name }) => name) };
}

const projections = new WeakMap<EntityMetadata, { readonly projection: JsonProjection | undefined }>();

/** Returns the projection of an included entity. */
function projectionOf(dataSource: DataSource, metadata: EntityMetadata): JsonProjection | undefined {
  let known = projections.get(metadata);
  if (known === undefined) {
    const { target } = metadata;
    const columns = compileColumns(dataSource, metadata);
    const loaded = new Set(columns.filter(isSelected).map(topLevelProperty));
    known = {
      projection:
        typeof target === 'function'
          ? compileJsonProjection({ metadata, columns, shown: exposedProperties(target, loaded), dto: undefined })
          : undefined,
    };
    projections.set(metadata, known);
  }
  return known.projection;
}

/** Returns the JSON key of an included relation; undefined if its rows are not shown as they are. */
function relationKey({ target }: EntityMetadata, relation: RelationMetadata): string | undefined {
  const { propertyName, embeddedMetadata } = relation;
  if (typeof target !== 'function' || embeddedMetadata !== undefined || !isExposedUntransformed(target, propertyName))
    return undefined;
  return keyForProperty(target, propertyName);
}
