import type { CrudRequestContext } from './crud-request-context.js';
import { RowConstraints } from '../persistence/row-constraints.js';

const found = new WeakMap<CrudRequestContext, Promise<RowConstraints>>();

/**
 * Looks up the parents that the path of a call names, once. Pipes ask before they read anything else: what a body or a
 * query would be told must not tell whether there is a parent.
 *
 * @returns what the rows below them have in common; nothing for a resource without parents
 * @throws NotFoundException when one is missing
 */
export function resolveParents(call: CrudRequestContext): Promise<RowConstraints> | RowConstraints {
  const { parents } = call.resource;
  if (parents === undefined) return RowConstraints.empty;
  let narrowing = found.get(call);
  if (narrowing === undefined) {
    const { params = {} } = call.context.switchToHttp().getRequest<{ params?: Readonly<Record<string, unknown>> }>();
    narrowing = parents.find(params).then((values) => new RowConstraints(values));
    found.set(call, narrowing);
  }
  return narrowing;
}
