/** The entry point `nestjs-muck/terminus`. */
export { MuckHealthIndicator } from './muck.health-indicator.js';
export type { MuckHealth, MuckHealthOptions, PoolHealth } from './muck.health-indicator.js';
