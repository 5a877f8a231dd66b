import { BoundedCache } from '../../common/bounded-cache.js';
import { Logger } from '@nestjs/common';

/** How many statements are remembered as logged. */
const REMEMBERED = 1000;
/** How much of a statement is logged. */
const SHOWN_LENGTH = 300;

/** Logs raw SQL that is refused, once for each text: subscribers and libraries often swallow the error. */
export class RefusalLog {
  private readonly logger = new Logger('MuckModule');
  private readonly logged = new BoundedCache<string, true>(REMEMBERED);

  /** @param problem what the statement does, and what to do instead */
  log(sql: string, problem: string): void {
    const text = sql.slice(0, SHOWN_LENGTH);
    if (this.logged.has(text)) return;
    this.logged.set(text, true);
    this.logger.warn(`Raw SQL is refused: ${problem} The statement: ${text}${sql.length > SHOWN_LENGTH ? ' …' : ''}`);
  }
}
