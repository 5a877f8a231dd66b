import { describe, expect, it } from '@jest/globals';
import type { NestInterceptor } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { checkMadeInterceptors, globalInterceptors } from '../../../lib/tenancy/http/global-interceptors.js';

class Logging implements NestInterceptor {
  intercept(): never {
    throw new Error('is not called');
  }
}
class Caching extends Logging {}

type Options = ConstructorParameters<typeof InstanceWrapper<NestInterceptor>>[0];

/** An application with interceptors that Nest makes for each request. */
function made(...options: Options[]): [ApplicationConfig, InstanceWrapper<NestInterceptor>[]] {
  const config = new ApplicationConfig();
  const wrappers = options.map((option) => new InstanceWrapper<NestInterceptor>(option));
  for (const wrapper of wrappers) config.addGlobalRequestInterceptor(wrapper);
  return [config, wrappers];
}

describe('the interceptors before every handler', () => {
  it('are those that there are, and the classes of those that Nest makes for each request', () => {
    const [config] = made(
      { metatype: Logging },
      { metatype: (() => undefined) as unknown as typeof Logging, inject: [Caching], isAlias: true },
      { metatype: (() => new Caching()) as unknown as typeof Logging, inject: [] },
    );
    const logging = new Logging();
    config.useGlobalInterceptors(logging);
    expect(globalInterceptors(config)).toEqual([logging, Logging, Caching, undefined]);
  });
});

describe('an interceptor that a factory makes for a request', () => {
  it.each([
    ['at once', (interceptor: NestInterceptor): unknown => interceptor],
    ['later', (interceptor: NestInterceptor): unknown => Promise.resolve(interceptor)],
  ])('is made of what the factory is given, and checked, when it comes %s', async (_, give) => {
    const [config, [wrapper, ofClass]] = made(
      {
        metatype: ((...dependencies: unknown[]) =>
          give(Object.assign(new Logging(), { dependencies }))) as unknown as typeof Logging,
        inject: ['a', 'b'],
      },
      { metatype: Logging },
    );
    const checked: unknown[] = [];
    checkMadeInterceptors(config, (interceptor) => void checked.push(interceptor));
    expect(ofClass.metatype).toBe(Logging);
    const make = wrapper.metatype as unknown as (...dependencies: string[]) => unknown;
    const interceptor = await make('a', 'b');
    expect(interceptor).toBeInstanceOf(Logging);
    expect(interceptor).toMatchObject({ dependencies: ['a', 'b'] });
    expect(checked).toEqual([interceptor]);
  });

  it('is not there if the check refuses it', async () => {
    const [config, wrappers] = made(
      { metatype: (() => new Caching()) as unknown as typeof Logging, inject: [] },
      { metatype: (() => Promise.resolve(new Caching())) as unknown as typeof Logging, inject: [] },
    );
    checkMadeInterceptors(config, () => {
      throw new Error('refused');
    });
    const [now, later] = wrappers.map(({ metatype }) => metatype as unknown as () => unknown);
    expect(now).toThrow('refused');
    await expect(later()).rejects.toThrow('refused');
  });
});
