import { Inject, Injectable, Optional, SetMetadata } from '@nestjs/common';
import type { CallHandler, CustomDecorator, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { of, tap } from 'rxjs';
import type { Observable } from 'rxjs';

const CACHE_KEY = 'cache_module:cache_key';

/** `@CacheKey` of @nestjs/cache-manager. */
export function CacheKey(key: string | ((context: ExecutionContext) => string)): CustomDecorator {
  return SetMetadata(CACHE_KEY, key);
}

/** The token of the cache, as in @nestjs/cache-manager. */
export const CACHE_MANAGER = 'CACHE_MANAGER';

/** A cache in memory. */
export class MemoryCache {
  private readonly entries = new Map<string, string>();

  get(key: string): Promise<unknown> {
    const entry = this.entries.get(key);
    return Promise.resolve(entry === undefined ? undefined : (JSON.parse(entry) as unknown));
  }

  set(key: string, value: unknown): Promise<void> {
    if (value !== undefined) this.entries.set(key, JSON.stringify(value));
    return Promise.resolve();
  }

  del(key: string): Promise<boolean> {
    return Promise.resolve(this.entries.delete(key));
  }

  get size(): number {
    return this.entries.size;
  }
}

/** Nest's CacheInterceptor, method by method: the package is no dependency of this one. */
@Injectable()
export class CacheInterceptor implements NestInterceptor {
  @Optional()
  @Inject()
  protected readonly httpAdapterHost!: HttpAdapterHost;

  protected allowedMethods = ['GET'];

  constructor(
    @Inject(CACHE_MANAGER) protected readonly cacheManager: MemoryCache,
    protected readonly reflector: Reflector,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const key = await this.trackBy(context);
    if (!key) return next.handle();
    const value = await this.cacheManager.get(key);
    if (value !== undefined && value !== null) return of(value);
    return next.handle().pipe(tap((response) => void this.cacheManager.set(key, response)));
  }

  protected trackBy(context: ExecutionContext): Promise<string | undefined> | string | undefined {
    const keyOrFactory = this.reflector.get<string | ((context: ExecutionContext) => string) | undefined>(
      CACHE_KEY,
      context.getHandler(),
    );
    if (keyOrFactory) return typeof keyOrFactory === 'function' ? keyOrFactory(context) : keyOrFactory;
    if (!this.isRequestCacheable(context)) return undefined;
    return String(this.httpAdapterHost.httpAdapter.getRequestUrl(context.getArgByIndex(0)));
  }

  protected isRequestCacheable(context: ExecutionContext): boolean {
    return this.allowedMethods.includes(context.switchToHttp().getRequest<{ method: string }>().method);
  }
}
