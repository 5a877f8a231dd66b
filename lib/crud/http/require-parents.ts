import type { CrudRequestContext } from './crud-request-context.js';
import { RowConstraints } from '../persistence/row-constraints.js';

/**
 * Loads the parents in the path of a request, once. Pipes call it before they read anything else: an error about the
 * body or query would reveal whether a parent exists.
 *
 * @returns the constraints of the rows below the parents; empty for a resource without parents
 * @throws NotFoundException if a parent is not visible
 */
export function resolveParents(call: CrudRequestContext): Promise<RowConstraints> | RowConstraints {
  const { parents } = call.resource;
  if (parents === undefined) return RowConstraints.empty;
  return call.constraintsOf(parents, () => {
    const { params = {} } = call.context.switchToHttp().getRequest<{ params?: Readonly<Record<string, unknown>> }>();
    return parents.find(params).then((values) => new RowConstraints(values));
  });
}
