import type { Type } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';
import { requireEnforcement } from '../../orm/enforcement/enforcement.js';
import type { CrudOptions } from '../options/crud-options.js';
import { exposedProperties } from '../model/response-exposure.js';
import type { ExposedProperties } from '../model/response-exposure.js';
import { isSelected, topLevelProperty } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { compileJsonProjection } from './json-projection.js';
import type { ProjectionRules } from './projection-rules.js';

/** Maximum number of relations in an include path, because each one multiplies the number of loaded rows. */
const MAX_DEPTH = 3;

/** The arguments of {@link compileProjectionRules}. */
export interface ProjectionRulesSource<T extends object> {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly options: CrudOptions<T>;
  readonly columns: readonly ResourceColumn[];
  /** The properties that the response exposes. */
  readonly shown: ExposedProperties;
  /** The response DTO; undefined if the entity is serialized itself. */
  readonly dto: Type<object> | undefined;
}

/**
 * Compiles the rules for the projection of a response.
 *
 * @param problems receives the problems with the options
 */
export function compileProjectionRules<T extends object>(
  source: ProjectionRulesSource<T>,
  problems: string[],
): ProjectionRules {
  const { columns, metadata, shown } = source;
  const roots = new Set(columns.filter(isSelected).map(topLevelProperty));
  const properties = [...shown].filter(([property]) => roots.has(property));
  const includeKeys = new Map<string, string>();
  const include = new Set<string>();
  for (const path of source.options.include ?? []) {
    const problem = includePath(source, path, includeKeys);
    if (problem !== undefined) problems.push(`include names '${path}', ${problem}`);
    path.split('.').forEach((_, i, names) => include.add(names.slice(0, i + 1).join('.')));
  }
  let json: { readonly fields: ProjectionRules['json'] } | undefined;
  return {
    include,
    fields: new Map(chooseFields(source, properties, problems)),
    keys: new Map([...properties.map(([property, { key }]): [string, string] => [property, key]), ...includeKeys]),
    // Listeners, getters and `@Transform()` may need any column.
    canSelectSubset:
      metadata.afterLoadListeners.length === 0 &&
      properties.length === shown.size &&
      properties.every(
        ([property, { key, isUntransformed }]) => isUntransformed && (key === property || !roots.has(key)),
      ),
    // Compiled on first use, because it creates an instance of the class.
    get json() {
      return (json ??= { fields: compileJsonProjection(source) }).fields;
    },
  };
}

function chooseFields<T extends object>(
  { options }: ProjectionRulesSource<T>,
  properties: readonly (readonly [property: string, shown: { readonly key: string }])[],
  problems: string[],
): [name: string, property: string][] {
  const chosen = options.fields as readonly string[] | undefined;
  for (const name of chosen ?? []) {
    if (!properties.some(([property]) => property === name)) {
      problems.push(
        `fields names '${name}', which is not one of ${properties.map(([property]) => property).join(', ')}`,
      );
    }
  }
  return properties
    .filter(([property]) => chosen?.includes(property) ?? true)
    .map(([property, { key }]) => [key, property]);
}

/**
 * @param keys receives the JSON key of the first relation in the path
 * @returns the problem with the path; undefined if it is valid
 */
function includePath<T extends object>(
  { dataSource, metadata, dto }: ProjectionRulesSource<T>,
  path: string,
  keys: Map<string, string>,
): string | undefined {
  const names = path.split('.');
  if (names.length > MAX_DEPTH) return `which is a path of more than ${MAX_DEPTH} relations`;
  const { policies } = requireEnforcement(dataSource);
  let from = metadata;
  for (const [depth, name] of names.entries()) {
    const relation = from.findRelationWithPropertyPath(name);
    if (relation === undefined) return `but ${from.name} has no relation '${name}'`;
    if (relation.isLazy) return `but ${from.name}.${name} is a lazy relation, which cannot be included`;
    if (policies.of(relation.inverseEntityMetadata).kind === 'undeclared')
      return `but ${relation.inverseEntityMetadata.name} is undeclared`;
    const key = depth === 0 && dto !== undefined ? shownAs(dto, [], name) : shownByEntity(relation, depth, dto);
    if (key === undefined) return `but ${(depth === 0 && dto?.name) || from.name} does not expose '${name}'`;
    if (depth === 0) keys.set(name, key);
    from = relation.inverseEntityMetadata;
  }
  return undefined;
}

/** The entity does not decide below a response DTO: its `@Type()` does. */
function shownByEntity(
  { entityMetadata: { target }, propertyName }: RelationMetadata,
  depth: number,
  dto: Type<object> | undefined,
): string | undefined {
  if (typeof target !== 'function' || (depth > 0 && dto !== undefined)) return propertyName;
  return shownAs(target, [propertyName], propertyName);
}

/** Returns the JSON key of a property; undefined if the response does not expose it. */
function shownAs(type: Function, own: readonly string[], property: string): string | undefined {
  const shown = [...exposedProperties(type, own)].find(([name, { key }]) => name === property || key === property);
  return shown?.[1].key;
}
