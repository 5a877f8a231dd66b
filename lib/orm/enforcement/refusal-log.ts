import { BoundedCache } from '../../common/bounded-cache.js';
import { Logger } from '@nestjs/common';

/** Maximum number of texts that are remembered as logged. */
const REMEMBERED = 2000;
/** Statements are truncated to this length in the log. */
const SHOWN_LENGTH = 300;

/** Logs refused raw SQL, once per text: subscribers and libraries often swallow the error. */
export class RefusalLog {
  private readonly logger = new Logger('MuckModule');
  private readonly logged = new BoundedCache<string, true>(REMEMBERED);

  /**
   * Logs a refusal unless the text has been logged.
   *
   * @param problem what the statement does, and what to do instead
   */
  log(sql: string, problem: string): void {
    const text = sql.slice(0, SHOWN_LENGTH);
    if (this.logged.has(text)) return;
    this.logged.set(text, true);
    this.logger.warn(`Raw SQL is refused: ${problem} The statement: ${text}${sql.length > SHOWN_LENGTH ? ' …' : ''}`);
  }
}
