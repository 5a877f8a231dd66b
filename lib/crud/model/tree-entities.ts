import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { CrudRoute } from '../options/crud-routes.js';

/** The routes that may give a row another parent. */
const REPARENTING_ROUTES: readonly CrudRoute[] = ['create', 'createMany', 'replace', 'update'];

/**
 * Where a row stands in a tree is more than its parent's key: TypeORM's `save` writes closure rows or a path along with
 * it, and the statements of CRUD would not.
 *
 * @returns what is wrong with serving these routes; undefined for an entity that is no such tree
 * @see typeorm/persistence/SubjectExecutor.js
 */
export function validateTreeRoutes(metadata: EntityMetadata, routes: readonly CrudRoute[]): string | undefined {
  const placing = routes.filter((route) => REPARENTING_ROUTES.includes(route));
  if (!hasManagedPosition(metadata) || placing.length === 0) return undefined;
  const others = routes.filter((route) => !placing.includes(route)).map((route) => `'${route}'`);
  return (
    `${metadata.name} is a tree (${metadata.treeType}), which ${placing.join(', ')} would not keep. ` +
    `Say only: [${others.join(', ')}], and write it by getTreeRepository(${metadata.name}).save() in a route of your own`
  );
}

/**
 * @param written values by property; undefined for a new row
 * @throws TypeError where the place of a row in a tree would be lost
 */
export function assertTreePositionKept(metadata: EntityMetadata, written?: ObjectLiteral): void {
  if (!hasManagedPosition(metadata)) return;
  const parent = metadata.treeParentRelation?.joinColumns ?? [];
  const isMoved = written === undefined || parent.some((column) => column.getEntityValue(written) !== undefined);
  if (!isMoved) return;
  throw new TypeError(`${metadata.name} is a tree: write it by getTreeRepository(${metadata.name}).save().`);
}

function hasManagedPosition({ treeType }: EntityMetadata): boolean {
  return treeType === 'closure-table' || treeType === 'materialized-path';
}
