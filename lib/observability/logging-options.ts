import type { LogLevel } from '@nestjs/common';

/** The level of a line, or false for no line. */
export type LineLevel = LogLevel | false;

/** The levels of the lines of failed requests, by status or by class of statuses. */
export interface FailureLevels {
  /** Statuses without a level of their own. Default: `'debug'`, because they are the client's errors. */
  readonly '4xx'?: LineLevel;
  /** Statuses without a level of their own. Default: `'error'`. */
  readonly '5xx'?: LineLevel;
  /** One status. Default: `'warn'` for 403, because the caller may try what belongs to another tenant. */
  readonly [status: number]: LineLevel;
}

/** What the module logs about requests, statements and tables. */
export interface LoggingOptions {
  /**
   * The levels of the lines of failed requests; false for no such lines.
   *
   * @example
   * logging: { failures: { 404: false, 409: 'log', '5xx': 'fatal' } }
   */
  readonly failures?: FailureLevels | false;
  /**
   * Logs each statement that takes at least as many milliseconds, once it has a connection, with its text without
   * values. Default: no statement is logged.
   */
  readonly slowStatement?: number;
  /**
   * The level of the lines at startup that name tables without an index for their lists; false for no such lines.
   * Default: `'warn'`. An index of a migration is known once the entity declares it by its name:
   * `@Index('ticket_by_time', ['organizationId', 'createdAt'])`.
   */
  readonly missingIndexes?: LineLevel;
}
