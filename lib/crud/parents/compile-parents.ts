import type { DataSource, EntityMetadata } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';
import { isUnique } from '../../orm/policy/unique-keys.js';
import { compileId, compileKey } from '../model/compile-id.js';
import type { IdSource } from '../model/compile-id.js';
import { ParentChain } from './parent-chain.js';
import type { ParentKeyColumn, ParentLevel } from './parent-chain.js';
import type { AnyParentOptions } from '../options/parent-options.js';
import { compileColumns, virtualKeyColumn } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';
import { ResourceId } from '../model/resource-id.js';

/** The arguments of {@link compileParents}. */
export interface ParentSource {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly columns: readonly ResourceColumn[];
  readonly spansTenants: boolean;
  readonly options: AnyParentOptions | undefined;
}

/**
 * Compiles the option `parent`.
 *
 * @param problems receives the problems with the option
 * @returns undefined if the option is missing or invalid
 */
export function compileParents(source: ParentSource, problems: string[]): ParentChain | undefined {
  const { dataSource, metadata, columns, options, spansTenants } = source;
  if (options === undefined) return undefined;
  const levels = compileLevels(dataSource, metadata, options, spansTenants, problems);
  const [nearest] = levels;
  return nearest === undefined
    ? undefined
    : new ParentChain(dataSource, levels, keyColumns(dataSource, nearest.relation, columns));
}

/**
 * Returns the parent's key as the id of a one-to-one resource.
 *
 * @param source the entity
 * @param key the primary key, as a fallback if the option is invalid
 * @param problems receives the reasons why a parent may have several rows
 */
export function compileOneToOneId(
  { dataSource, metadata }: IdSource,
  key: ResourceId,
  parents: ParentChain | undefined,
  problems: string[],
): ResourceId {
  if (parents === undefined) {
    problems.push("oneToOne needs a parent: parent: { relation: '…' }");
    return key;
  }
  const columns = parents.columns.map(({ own }) => own);
  if (
    !isUnique(
      metadata,
      columns.map((column) => column.metadata),
    )
  ) {
    const { propertyPath } = parents.levels[0].relation;
    problems.push(
      `oneToOne: several rows of ${metadata.name} may have the same ${propertyPath}. Make the relation @OneToOne() with @JoinColumn()`,
    );
  }
  return new ResourceId(dataSource, metadata, columns);
}

function compileLevels(
  dataSource: DataSource,
  below: EntityMetadata,
  { relation: name, param = `${name}Id`, id, parent }: AnyParentOptions,
  spansTenants: boolean,
  problems: string[],
): ParentLevel[] {
  const relation = below.findRelationWithPropertyPath(name);
  if (relation === undefined || !holdsKey(relation)) {
    const fitting = below.relations
      .filter(holdsKey)
      .map(({ propertyPath }) => `parent: { relation: '${propertyPath}' }`);
    problems.push(
      `parent names '${name}', which is not a to-one relation with its foreign key in ${below.name}. ` +
        (fitting.length > 0 ? `Use ${fitting.join(' or ')}` : 'It has none'),
    );
    return [];
  }
  const metadata = relation.inverseEntityMetadata;
  const further = parent === undefined ? [] : compileLevels(dataSource, metadata, parent, spansTenants, problems);
  const source = { dataSource, metadata, columns: compileColumns(dataSource, metadata), spansTenants };
  const key = compileKey(source, problems);
  const uniqueWithin = further[0]?.relation.joinColumns ?? [];
  return [{ relation, param, id: compileId(source, key, id, uniqueWithin, problems) }, ...further];
}

function holdsKey(relation: RelationMetadata): boolean {
  return (relation.isManyToOne || relation.isOneToOneOwner) && relation.joinColumns.length > 0;
}

function keyColumns(
  dataSource: DataSource,
  { joinColumns }: RelationMetadata,
  columns: readonly ResourceColumn[],
): ParentKeyColumn[] {
  return joinColumns.map((column) => ({
    own:
      columns.find(({ metadata }) => metadata.databaseName === column.databaseName) ??
      virtualKeyColumn(dataSource, column),
    referenced: column.referencedColumn!,
  }));
}
