import type { ExecutionContext } from '@nestjs/common';
import { runInCall } from '../../tenancy/scope-frame.js';
import { currentCall } from './crud-request-context.js';
import type { CrudCall } from './crud-request-context.js';
import { Narrowing, readNarrowing } from '../persistence/row-constraints.js';
import { requireParents } from './require-parents.js';
import type { Resource } from '../resource/resource.js';

/** A controller's `scope()`. */
export type NarrowByContext = (context: ExecutionContext) => unknown;

/**
 * The narrowing of one controller: the parents that its path names, and its `scope()`. Both are asked once for each call
 * of its handlers, the parents first.
 */
export class ControllerNarrowing<T extends object> {
  private readonly known = new WeakMap<CrudCall, Promise<Narrowing>>();

  /**
   * @param resource what the controller serves
   * @param controller its name, for errors
   * @param scope its `scope()`; undefined when it has none of its own
   */
  constructor(
    private readonly resource: () => Resource<T>,
    private readonly controller: string,
    private readonly scope: NarrowByContext | undefined,
  ) {}

  /**
   * What holds for the running call.
   *
   * @throws NotFoundException when a parent is missing
   * @throws Error outside of calls, where there is nothing to narrow by
   */
  current(): Promise<Narrowing> | Narrowing {
    const resource = this.resource();
    if (this.scope === undefined && resource.parents === undefined) return Narrowing.none;
    const call = currentCall();
    if (call === undefined) {
      throw new Error(
        `${this.controller} narrows by the request, and none is being handled: use @InjectCrud(${resource.name}) outside of requests.`,
      );
    }
    let narrowing = this.known.get(call);
    if (narrowing === undefined) this.known.set(call, (narrowing = this.ask(call)));
    return narrowing;
  }

  private async ask(call: CrudCall): Promise<Narrowing> {
    const { scope } = this;
    const parents = await requireParents(call);
    if (scope === undefined) return parents;
    // Outside the call: a scope() that asked its own service would wait for itself.
    return runInCall(undefined, async () =>
      parents.and(readNarrowing(this.resource(), await scope(call.context), `${this.controller}.scope()`)),
    );
  }
}
