import { inspect } from 'node:util';
import { ConsoleLogger } from '@nestjs/common';
import type { Logger, LogLevel } from '@nestjs/common';

/** The fields of a line. Undefined ones are left out. */
export type LineFields = Readonly<Record<string, unknown>>;

/**
 * Whether this release of Nest logs objects after the text as fields of the same record. Releases before print each as
 * a record of its own.
 */
const takesFields = 'stringifyParams' in ConsoleLogger.prototype;

/** Writes one line with fields, as text or as JSON. */
export function writeLine(logger: Logger, level: LogLevel, text: string, given: LineFields): void {
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (takesFields) logger[level](text, fields);
  else logger[level](new LogLine(text, fields));
}

/** A text with fields as one object: one line as text, an object with a `message` as JSON. */
export class LogLine {
  readonly message: string;

  constructor(text: string, fields: LineFields) {
    this.message = text;
    Object.assign(this, fields);
  }

  toString(): string {
    const { message, ...fields } = this;
    return `${message} ${inspect(fields, { compact: true, breakLength: Infinity })}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
