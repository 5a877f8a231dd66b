import type { EntityMetadata } from 'typeorm';
import type { CrudDefaults } from '../options/crud-defaults.js';
import type { CrudRoute } from '../options/crud-routes.js';
import { validateTreeRoutes } from '../model/tree-entities.js';

/** The routes that `requireIfMatch` applies to. */
const CHANGING_ROUTES: readonly CrudRoute[] = ['replace', 'update', 'remove'];

/** Checks the options for writes against the entity and returns the problems. */
export function writeProblems(
  { bulk, requireIfMatch }: CrudDefaults,
  routes: readonly CrudRoute[],
  metadata: EntityMetadata,
): string[] {
  const problems: string[] = [];
  if (bulk !== undefined && (!Number.isSafeInteger(bulk.max) || bulk.max < 1)) {
    problems.push('bulk.max must be a whole number from 1');
  }
  if (routes.includes('restore') && metadata.deleteDateColumn === undefined) {
    problems.push(`restore needs a @DeleteDateColumn() on ${metadata.name}, which has no soft-deleted rows`);
  }
  const isTagged = metadata.versionColumn?.isSelect === true;
  if (requireIfMatch === true && !isTagged && routes.some((route) => CHANGING_ROUTES.includes(route))) {
    problems.push(`requireIfMatch needs a @VersionColumn() on ${metadata.name}, from which its ETag is made`);
  }
  const tree = validateTreeRoutes(metadata, routes);
  if (tree !== undefined) problems.push(tree);
  return problems;
}
