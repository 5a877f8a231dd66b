import { Scope } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ContextIdFactory } from '@nestjs/core';
import type { ModuleRef } from '@nestjs/core';

/**
 * Instances of classes that the application provides: the one of all requests, or, where a class or something that it
 * depends on is `Scope.REQUEST`, the one of a request.
 */
export class ProviderInstances {
  private readonly singletons = new Map<Type<object>, object>();

  constructor(private readonly moduleRef: ModuleRef) {}

  /** Whether some module of the application provides the class. */
  has(type: Type<object>): boolean {
    try {
      this.moduleRef.introspect(type);
      return true;
    } catch {
      return false;
    }
  }

  /** The one of all requests, where it has been asked for before. */
  getCached<P extends object>(type: Type<P>): P | undefined {
    return this.singletons.get(type) as P | undefined;
  }

  /**
   * @param request the request, or what stands for it with another transport; undefined outside of requests
   */
  async resolve<P extends object>(type: Type<P>, request: object | undefined): Promise<P> {
    const known = this.getCached(type);
    if (known !== undefined) return known;
    if (this.moduleRef.introspect(type).scope === Scope.DEFAULT) {
      const singleton = this.moduleRef.get<P>(type, { strict: false });
      this.singletons.set(type, singleton);
      return singleton;
    }
    // Without a request Nest makes an id that nothing else has: an instance of this call.
    const contextId = ContextIdFactory.getByRequest(request as Record<string, unknown>);
    this.moduleRef.registerRequestByContextId(request, contextId);
    return this.moduleRef.resolve<P>(type, contextId, { strict: false });
  }
}
