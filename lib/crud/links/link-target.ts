import type { EntityMetadata } from 'typeorm';
import { compileKey } from '../model/compile-id.js';
import type { IdSource } from '../model/compile-id.js';
import { compileColumns } from '../model/resource-column.js';
import type { ResourceId } from '../model/resource-id.js';

/** The target of a many-to-many relation. */
export interface LinkTarget {
  /** The property path of the relation. */
  readonly property: string;
  /** The related entity. */
  readonly target: EntityMetadata;
  /** The id of a related row. */
  readonly id: ResourceId;
}

/**
 * Returns the targets of an entity's many-to-many relations.
 *
 * @param source the entity
 * @param named the relations of the option `links`
 * @param problems receives the problems of those relations
 */
export function compileLinkEnds(
  { dataSource, metadata, spansTenants }: IdSource,
  named: readonly string[],
  problems: string[],
): Map<string, LinkTarget> {
  const ends = new Map<string, LinkTarget>();
  for (const { propertyPath: property, inverseEntityMetadata: target } of metadata.manyToManyRelations) {
    const source = { dataSource, metadata: target, columns: compileColumns(dataSource, target), spansTenants };
    const misfits: string[] = [];
    ends.set(property, { property, target, id: compileKey(source, misfits) });
    if (named.includes(property)) problems.push(...misfits);
  }
  for (const property of named.filter((name) => !ends.has(name))) {
    const fitting = [...ends.keys()].map((name) => `'${name}'`);
    problems.push(
      `links names '${property}', which is not a many-to-many relation of ${metadata.name}. ` +
        (fitting.length > 0 ? `Use links: [${fitting.join(', ')}]` : 'It has none'),
    );
  }
  return ends;
}
