import type { ApplicationConfig } from '@nestjs/core';
import { isPromiseLike } from '../../common/is-promise-like.js';

type RequestInterceptor = ReturnType<ApplicationConfig['getGlobalRequestInterceptors']>[number];
type Factory = (...dependencies: unknown[]) => unknown;

/**
 * Returns the global interceptors: those of `APP_INTERCEPTOR` and of `app.useGlobalInterceptors()`. For an interceptor
 * that Nest creates per request, returns the class.
 */
export function globalInterceptors(config: ApplicationConfig): unknown[] {
  const classes = config.getGlobalRequestInterceptors().map((wrapper): unknown => {
    if (wrapper.isAlias) return wrapper.inject![0];
    return wrapper.isFactory ? undefined : wrapper.metatype;
  });
  return [...config.getGlobalInterceptors(), ...classes];
}

/**
 * Checks each interceptor that a factory creates for a request, because its class is not known before.
 *
 * @param check throws for an interceptor that must not be global; the request then fails
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
