import type { Type } from '@nestjs/common';
import type { ProviderInstances } from '../../tenancy/resolvers/provider-instances.js';
import { currentScope } from '../../tenancy/context/tenant-context.js';
import { currentRequest } from './crud-request-context.js';
import type { CrudHooks } from '../options/crud-hooks.interface.js';
import { HookRunner } from '../hooks/hook-runner.js';

/** The hook classes of a controller. */
export class RequestHooks<T extends object> {
  /**
   * @param types in the order in which they run
   * @param instances the source of their instances
   */
  constructor(
    private readonly types: readonly Type<CrudHooks<T>>[],
    private readonly instances: ProviderInstances,
  ) {}

  /**
   * @param where the controller's name, for errors
   * @returns a text for each class that no module provides, with the line to add
   */
  problems(where: string): string[] {
    return this.types
      .filter((type) => !this.instances.has(type))
      .map(
        ({ name }) =>
          `${where} names the hook ${name}, which no module provides. Add it to a module: providers: [${name}].`,
      );
  }

  /** Returns the hooks for the current request. */
  async chain(): Promise<HookRunner<T>> {
    const request = requestOfCall();
    const hooks = await Promise.all(this.types.map((type) => this.instances.resolve(type, request)));
    return new HookRunner(hooks, { scope: currentScope(), request });
  }
}

function requestOfCall(): object | undefined {
  const context = currentRequest()?.context;
  return context?.getType() === 'http' ? context.switchToHttp().getRequest<object>() : undefined;
}
