import type { ApplicationConfig } from '@nestjs/core';
import { isPromiseLike } from '../../common/is-promise-like.js';

type RequestInterceptor = ReturnType<ApplicationConfig['getGlobalRequestInterceptors']>[number];
type Factory = (...dependencies: unknown[]) => unknown;

/**
 * Lists the interceptors before every handler: those of `APP_INTERCEPTOR` and those of `app.useGlobalInterceptors()`. The class stands for
 * one that Nest makes for each request.
 */
export function globalInterceptors(config: ApplicationConfig): unknown[] {
  const classes = config.getGlobalRequestInterceptors().map((wrapper): unknown => {
    if (wrapper.isAlias) return wrapper.inject![0];
    return wrapper.isFactory ? undefined : wrapper.metatype;
  });
  return [...config.getGlobalInterceptors(), ...classes];
}

/**
 * Has each interceptor checked that a factory makes for a request: which class it is shows only then.
 *
 * @param check throws for an interceptor that must not stand before every handler; the request then fails
 */
export function checkMadeInterceptors(config: ApplicationConfig, check: (interceptor: unknown) => void): void {
  for (const wrapper of config.getGlobalRequestInterceptors()) {
    if (!wrapper.isFactory) continue;
    const make = wrapper.metatype as Factory;
    const checked = (interceptor: unknown): unknown => {
      check(interceptor);
      return interceptor;
    };
    const checkedMake: Factory = (...dependencies) => {
      const interceptor = make(...dependencies);
      return isPromiseLike(interceptor) ? interceptor.then(checked) : checked(interceptor);
    };
    wrapper.metatype = checkedMake as RequestInterceptor['metatype'];
  }
}
