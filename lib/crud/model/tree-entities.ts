import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { CrudRoute } from '../options/crud-routes.js';

/** Routes that can move a row to another parent. */
const REPARENTING_ROUTES: readonly CrudRoute[] = ['create', 'createMany', 'replace', 'update'];

/**
 * Checks that no route writes tree positions of closure-table or materialized-path entities. TypeORM's `save` maintains
 * their closure rows or paths; the statements of CRUD routes do not.
 *
 * @returns the problem with these routes; undefined for any other entity
 * @see typeorm/persistence/SubjectExecutor.js
 */
export function validateTreeRoutes(metadata: EntityMetadata, routes: readonly CrudRoute[]): string | undefined {
  const placing = routes.filter((route) => REPARENTING_ROUTES.includes(route));
  if (!hasManagedPosition(metadata) || placing.length === 0) return undefined;
  const others = routes.filter((route) => !placing.includes(route)).map((route) => `'${route}'`);
  return (
    `${metadata.name} is a tree (${metadata.treeType}), whose structure ${placing.join(', ')} would not maintain. ` +
    `Set only: [${others.join(', ')}], and write it by getTreeRepository(${metadata.name}).save() in a route of your own`
  );
}

/**
 * Checks that a write does not change a row's position in such a tree.
 *
 * @param written values by property; undefined for a new row
 * @throws TypeError if the position would be lost
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
