import { Scope } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import type { ModuleRef } from '@nestjs/core';

/**
 * Provider instances of the application. If a class or one of its dependencies is `Scope.REQUEST`, each request has its
 * own instance.
 */
export class ProviderInstances {
  private readonly singletons = new Map<Type<object>, object>();

  constructor(private readonly moduleRef: ModuleRef) {}

  /** Returns true if a module of the application provides the class. */
  has(type: Type<object>): boolean {
    try {
      this.moduleRef.introspect(type);
      return true;
    } catch {
      return false;
    }
  }

  /** Returns the singleton if it was resolved before, otherwise undefined. */
  getCached<P extends object>(type: Type<P>): P | undefined {
    return this.singletons.get(type) as P | undefined;
  }

  /**
   * Returns the singleton, or the instance of a request.
   *
   * @param request the request, or its equivalent in another transport; undefined outside of requests
   */
  async resolve<P extends object>(type: Type<P>, request: object | undefined): Promise<P> {
    const known = this.getCached(type);
    if (known !== undefined) return known;
    if (this.moduleRef.introspect(type).scope === Scope.DEFAULT) {
      const singleton = this.moduleRef.get<P>(type, { strict: false });
      this.singletons.set(type, singleton);
      return singleton;
    }
    // Without a request, Nest creates a new context id, so the instance is used for this call only.
    const contextId = ContextIdFactory.getByRequest(request as Record<string, unknown>);
    this.moduleRef.registerRequestByContextId(request, contextId);
    return this.moduleRef.resolve<P>(type, contextId, { strict: false });
  }
}
