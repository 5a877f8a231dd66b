import type { ExecutionContext } from '@nestjs/common';
import { runInRequest } from '../../tenancy/context/tenant-context.js';
import { currentRequest } from './crud-request-context.js';
import type { CrudRequestContext } from './crud-request-context.js';
import { RowConstraints, parseConstraints } from '../persistence/row-constraints.js';
import { resolveParents } from './require-parents.js';
import type { Resource } from '../resource/resource.js';

/** A controller's `scope()`. */
export type ConstraintFactory = (context: ExecutionContext) => unknown;

/**
 * The narrowing of one controller: the parents that its path names, and its `scope()`. Both are asked once for each call
 * of its handlers, the parents first.
 */
export class ControllerConstraints<T extends object> {
  private readonly known = new WeakMap<CrudRequestContext, Promise<RowConstraints>>();

  /**
   * @param resource what the controller serves
   * @param controller its name, for errors
   * @param scope its `scope()`; undefined when it has none of its own
   */
  constructor(
    private readonly resource: () => Resource<T>,
    private readonly controller: string,
    private readonly scope: ConstraintFactory | undefined,
  ) {}

  /**
   * What holds for the running call.
   *
   * @throws NotFoundException when a parent is missing
   * @throws Error outside of calls, where there is nothing to narrow by
   */
  current(): Promise<RowConstraints> | RowConstraints {
    const resource = this.resource();
    if (this.scope === undefined && resource.parents === undefined) return RowConstraints.empty;
    const call = currentRequest();
    if (call === undefined) {
      throw new Error(
        `${this.controller} narrows by the request, and none is being handled: use @InjectCrud(${resource.name}) outside of requests.`,
      );
    }
    let narrowing = this.known.get(call);
    if (narrowing === undefined) this.known.set(call, (narrowing = this.ask(call)));
    return narrowing;
  }

  private async ask(call: CrudRequestContext): Promise<RowConstraints> {
    const { scope } = this;
    const parents = await resolveParents(call);
    if (scope === undefined) return parents;
    // Outside the call: a scope() that asked its own service would wait for itself.
    return runInRequest(undefined, async () =>
      parents.and(parseConstraints(this.resource(), await scope(call.context), `${this.controller}.scope()`)),
    );
  }
}
