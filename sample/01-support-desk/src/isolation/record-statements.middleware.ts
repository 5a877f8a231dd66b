import { Injectable, type NestMiddleware } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { StatementLog } from './statement-log.js';

/** Names a request whose statements its sender wants to see: any text that the sender makes up. */
export const STATEMENTS_FOR = 'x-statements-for';

export interface RequestHeaders {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Has the {@link StatementLog} remember the statements of a request with the header {@link STATEMENTS_FOR}. */
@Injectable()
export class RecordStatements implements NestMiddleware {
  constructor(private readonly log: StatementLog) {}

  use({ headers }: RequestHeaders, _response: unknown, next: () => void): void {
    const name = headers[STATEMENTS_FOR];
    if (typeof name === 'string' && headers['authorization'] !== undefined) {
      this.log.run(keyOf(name, headers['authorization']), next);
    } else next();
  }
}

/** Only who has the same token comes to the same key: a guessed name shows nothing. */
export function keyOf(name: string, authorization: unknown): string {
  return createHash('sha256')
    .update(`${name}\0${String(authorization)}`)
    .digest('hex');
}
