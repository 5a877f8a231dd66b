import { Logger } from '@nestjs/common';
import type { ExecutionContext, LogLevel } from '@nestjs/common';
import { describeFailure } from './failure-description.js';
import type { FailureLevels, LineLevel, LoggingOptions } from './logging-options.js';
import { writeLine } from './log-line.js';
import { RepeatedFailures } from './repeated-failures.js';
import { describeRequest, tenantOf } from './request-description.js';

const DEFAULT_LEVELS = { 403: 'warn', '4xx': 'debug', '5xx': 'error' } as const;

/** Logs failed requests, one line for each. */
export class RequestLog {
  private readonly logger = new Logger('MuckModule');
  private readonly levels: FailureLevels | false;
  private readonly outages = new RepeatedFailures((kind, count, level) =>
    writeLine(this.logger, level, `${count} more requests failed with ${kind}`, { code: kind, count }),
  );

  constructor({ failures = {} }: LoggingOptions) {
    this.levels = failures && { ...DEFAULT_LEVELS, ...failures };
  }

  /**
   * Logs a failed request, unless its status has no level.
   *
   * @param status the status that was sent
   * @param duration in milliseconds
   */
  failed(context: ExecutionContext, error: unknown, status: number, duration: number): void {
    const level = this.levelOf(status);
    if (level === false) return;
    const { isOutage, ...failure } = describeFailure(error);
    if (isOutage && this.outages.isRepeated(failure.code ?? failure.reason ?? failure.error, level)) return;
    const { method, route } = describeRequest(context);
    writeLine(this.logger, level, `${method} ${route} failed with ${status}`, {
      method,
      route,
      tenant: tenantOf(context),
      status,
      ...failure,
      duration: Math.round(duration * 10) / 10,
    });
  }

  /** Logs the number of failures that were not logged each. */
  close(): void {
    this.outages.close();
  }

  private levelOf(status: number): LineLevel {
    const { levels } = this;
    if (levels === false || status < 400) return false;
    const own = (levels as Readonly<Record<number, LogLevel | false | undefined>>)[status];
    return own ?? levels[status < 500 ? '4xx' : '5xx'] ?? false;
  }
}
