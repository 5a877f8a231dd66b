import { ValidationPipe } from '@nestjs/common';
import type { CallHandler, ExecutionContext, PipeTransform } from '@nestjs/common';
import { Observable } from 'rxjs';
import { isPromiseLike } from '../../common/is-promise-like.js';
import { PIPES_METADATA, ROUTE_ARGS_METADATA } from '../../common/peer-internals.js';

type HandlerRequest = Readonly<Record<(typeof PLACES)[Place], unknown>>;
type Place = keyof typeof PLACES;

/** The places of a request that routes of `@Crud` read, by the numbers of Nest's `RouteParamtypes`. */
const PLACES = { 3: 'body', 4: 'query', 5: 'params' } as const;

/** A parameter of a handler: where its value is, and the pipe that reads it. */
interface Parameter {
  readonly index: number;
  readonly place: (typeof PLACES)[Place];
  readonly name: string | undefined;
  readonly pipe: PipeTransform;
}

/** The pipes of an application for all of its routes. */
export interface GlobalPipes {
  readonly pipes: readonly PipeTransform[];
  /** Whether there are pipes that are created for each request. */
  readonly hasRequestPipes: boolean;
}

/**
 * Runs the pipes and the method of a route of `@Crud` as Nest does, but without the Observables that Nest makes for
 * each request. Only for a handler of the base controller behind the last interceptor, with no pipes of the application
 * before its own.
 */
export class DirectHandler {
  private constructor(
    private readonly handler: Function,
    private readonly instance: object,
    private readonly parameters: readonly Parameter[],
  ) {}

  /**
   * @param controller the class
   * @param handler its method, which runs a method of the base controller
   * @param instance the controller's only instance
   * @returns undefined if Nest has to run the handler
   */
  static of(
    controller: Function,
    handler: Function,
    instance: object,
    globals: GlobalPipes,
  ): DirectHandler | undefined {
    const own = [controller, handler].flatMap(
      (place) => (Reflect.getMetadata(PIPES_METADATA, place) ?? []) as unknown[],
    );
    if (own.length > 0 || globals.hasRequestPipes || !globals.pipes.every(ignoresUntyped)) return undefined;
    const metadata = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler.name) ?? {}) as Readonly<
      Record<string, { readonly index: number; readonly data?: unknown; readonly pipes?: readonly unknown[] }>
    >;
    const parameters: Parameter[] = [];
    for (const [key, { index, data, pipes = [] }] of Object.entries(metadata)) {
      const place = /^[345]:\d+$/.test(key) ? PLACES[Number(key[0]) as Place] : undefined;
      const [pipe] = pipes;
      const isNamed = data === undefined || typeof data === 'string';
      if (place === undefined || pipes.length !== 1 || !isPipe(pipe) || !isNamed) return undefined;
      parameters.push({ index, place, name: data, pipe });
    }
    return new DirectHandler(handler, instance, parameters);
  }

  /** Returns a handler for Nest's interceptors that runs this one for a request. */
  callFor(context: ExecutionContext): CallHandler {
    return {
      handle: () =>
        new Observable((subscriber) => {
          const emit = (value: unknown): void => {
            subscriber.next(value);
            subscriber.complete();
          };
          const fail = (error: unknown): void => subscriber.error(error);
          try {
            const result = this.run(context.switchToHttp().getRequest<HandlerRequest>());
            if (isPromiseLike(result)) result.then(emit, fail);
            else emit(result);
          } catch (error) {
            fail(error);
          }
        }),
    };
  }

  private run(request: HandlerRequest): unknown {
    const values: unknown[] = [];
    for (const parameter of this.parameters) values[parameter.index] = read(parameter, request);
    const call = (args: unknown[]): unknown => Reflect.apply(this.handler, this.instance, args) as unknown;
    // All pipes begin before one of them has ended, as with Nest.
    return values.some(isPromiseLike) ? Promise.all(values).then(call) : call(values);
  }
}

/** Returns the value of a parameter, or a promise of it, which rejects if the pipe throws. */
function read({ place, name, pipe }: Parameter, request: HandlerRequest): unknown {
  try {
    const given = request[place];
    const value = name === undefined ? given : (given as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    return pipe.transform(value, { type: place === 'params' ? 'param' : place, data: name, metatype: Object });
  } catch (error) {
    return failed(error);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- makes a rejected promise
async function failed(error: unknown): Promise<never> {
  throw error;
}

/** Checks that a pipe passes on the values of parameters without a type, as those of the routes of `@Crud` are. */
function ignoresUntyped(pipe: PipeTransform): boolean {
  return pipe.constructor === ValidationPipe && (pipe as { expectedType?: unknown }).expectedType === undefined;
}

function isPipe(value: unknown): value is PipeTransform {
  return typeof value === 'object' && value !== null && typeof (value as PipeTransform).transform === 'function';
}
