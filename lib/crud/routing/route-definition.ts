import type { HttpStatus } from '@nestjs/common';

/** The definition of a route for Nest. */
export interface RouteDefinition {
  /** The controller's method. */
  readonly name: string;
  readonly route: MethodDecorator;
  readonly status: HttpStatus;
  /** By parameter index. */
  readonly parameters: readonly ParameterDecorator[];
  /** The method to add if the controller has none. */
  readonly method?: (...args: never[]) => unknown;
}
