import type { Answer } from '../../support/transport.js';

const INSTANT = /\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z| \d\d:\d\d:\d\d(?:\.\d+)?)/g;
const DAY = 86_400_000;

/**
 * An answer as text, without what no two databases can have alike: moments of today, and what is computed of them. Tags are numbered as they come.
 */
export class Heard {
  private readonly tags = new Map<string, number>();

  textOf({ status, headers: { date: _date, etag, 'content-length': length, ...headers }, text }: Answer): string {
    const steady = steadyText(text);
    return JSON.stringify({
      status,
      headers: steadyText(JSON.stringify(headers)),
      etag: typeof etag === 'string' ? this.numberOf(etag) : null,
      length: steady === text ? length : 'another one',
      text: steady,
    });
  }

  private numberOf(tag: string): number {
    const known = this.tags.get(tag) ?? this.tags.size + 1;
    this.tags.set(tag, known);
    return known;
  }
}

/** Cursors hold the values of their row. */
function steadyText(text: string): string {
  return withoutNow(
    text.replaceAll(/WzE[\w-]{8,}/g, (cursor) => withoutNow(Buffer.from(cursor, 'base64url').toString())),
  );
}

/** A text in which moments of today are a word: two worlds cannot have the same. */
export function withoutNow(text: string): string {
  return text.replaceAll(INSTANT, (instant) => (Math.abs(momentOf(instant) - Date.now()) < DAY ? 'now' : instant));
}

/** Raw rows of SQLite and MariaDB have moments without a zone, in UTC. */
function momentOf(text: string): number {
  return Date.parse(text.endsWith('Z') ? text : `${text.replace(' ', 'T')}Z`);
}
