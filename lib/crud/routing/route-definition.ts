import type { HttpStatus } from '@nestjs/common';

/** What Nest is told of a route. */
export interface RouteDefinition {
  /** The controller's method. */
  readonly name: string;
  readonly route: MethodDecorator;
  readonly status: HttpStatus;
  /** By the position of the parameter. */
  readonly parameters: readonly ParameterDecorator[];
  /** What serves it where the controller has no such method. */
  readonly method?: (...args: never[]) => unknown;
}
