import { Logger } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { StatementObservation, StatementObserver } from '../orm/execution/statement-observer.js';
import { summarizeStatement } from '../orm/sql/statement-summary.js';
import type { SqlDialect } from '../orm/sql/tokenizer.js';
import { currentContext } from '../tenancy/context/tenant-context.js';
import { writeLine } from './log-line.js';
import { describeRequest, tenantOf } from './request-description.js';

/** Logs slow statements of a DataSource. */
export class StatementLog implements StatementObserver {
  private readonly logger = new Logger('MuckModule');

  /** @param threshold in milliseconds */
  constructor(
    private readonly threshold: number,
    private readonly dialect: SqlDialect,
  ) {}

  begin(text: string): StatementObservation {
    const call = currentContext()?.unitOfWork.call as ExecutionContext | undefined;
    const asked = performance.now();
    let sent = asked;
    return {
      connected: () => (sent = performance.now()),
      end: () => {
        const duration = performance.now() - sent;
        if (duration >= this.threshold) this.write(text, duration, sent - asked, call);
      },
    };
  }

  planned(): void {
    // Only metrics count plans.
  }

  refused(): void {
    // The verifier of raw SQL and the line of the failed request tell it.
  }

  private write(sql: string, duration: number, wait: number, call: ExecutionContext | undefined): void {
    const { summary, fingerprint, text } = summarizeStatement(sql, this.dialect);
    writeLine(this.logger, 'warn', `${summary} took ${Math.round(duration)} ms`, {
      ...(call?.getType() === 'http' && { ...describeRequest(call), tenant: tenantOf(call) }),
      statement: fingerprint,
      text,
      duration: Math.round(duration * 10) / 10,
      wait: Math.round(wait * 10) / 10,
    });
  }
}
