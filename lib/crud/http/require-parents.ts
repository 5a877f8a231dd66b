import type { CrudCall } from './crud-request-context.js';
import { Narrowing } from '../persistence/row-constraints.js';

const found = new WeakMap<CrudCall, Promise<Narrowing>>();

/**
 * Looks up the parents that the path of a call names, once. Pipes ask before they read anything else: what a body or a
 * query would be told must not tell whether there is a parent.
 *
 * @returns what the rows below them have in common; nothing for a resource without parents
 * @throws NotFoundException when one is missing
 */
export function requireParents(call: CrudCall): Promise<Narrowing> | Narrowing {
  const { parents } = call.resource;
  if (parents === undefined) return Narrowing.none;
  let narrowing = found.get(call);
  if (narrowing === undefined) {
    const { params = {} } = call.context.switchToHttp().getRequest<{ params?: Readonly<Record<string, unknown>> }>();
    narrowing = parents.find(params).then((values) => new Narrowing(values));
    found.set(call, narrowing);
  }
  return narrowing;
}
