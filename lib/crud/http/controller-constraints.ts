import type { ExecutionContext } from '@nestjs/common';
import { runInRequest } from '../../tenancy/context/tenant-context.js';
import { currentRequest } from './crud-request-context.js';
import type { CrudRequestContext } from './crud-request-context.js';
import { RowConstraints, parseConstraints } from '../persistence/row-constraints.js';
import { resolveParents } from './require-parents.js';
import type { Resource } from '../resource/resource.js';

/** The `scope()` method of a controller. */
export type ConstraintFactory = (context: ExecutionContext) => unknown;

/**
 * The row constraints of one controller: the parents in its path, and its `scope()`. Both are evaluated once per
 * request, parents first.
 */
export class ControllerConstraints<T extends object> {
  /**
   * @param resource the controller's resource
   * @param controller its name, for errors
   * @param scope its `scope()`; undefined if it does not override it
   */
  constructor(
    private readonly resource: () => Resource<T>,
    private readonly controller: string,
    private readonly scope: ConstraintFactory | undefined,
  ) {}

  /**
   * Returns the constraints for the current request.
   *
   * @throws NotFoundException if a parent is not visible
   * @throws Error outside of a request
   */
  current(): Promise<RowConstraints> | RowConstraints {
    const resource = this.resource();
    if (this.scope === undefined && resource.parents === undefined) return RowConstraints.empty;
    const call = currentRequest();
    if (call === undefined) {
      throw new Error(
        `${this.controller} has row constraints that need a request, and none is being handled: use @InjectCrud(${resource.name}) outside of requests.`,
      );
    }
    return call.constraintsOf(this, () => this.evaluate(call));
  }

  private async evaluate(call: CrudRequestContext): Promise<RowConstraints> {
    const { scope } = this;
    const parents = await resolveParents(call);
    if (scope === undefined) return parents;
    // Outside the request context: a scope() that used its own service would wait for itself.
    return runInRequest(undefined, async () =>
      parents.and(parseConstraints(this.resource(), await scope(call.context), `${this.controller}.scope()`)),
    );
  }
}
