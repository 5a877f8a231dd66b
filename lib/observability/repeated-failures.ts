import type { LogLevel } from '@nestjs/common';

/** How long failures of one kind are counted before their number is logged, in milliseconds. */
const PERIOD_MS = 60_000;
/** Maximum number of kinds that are counted apart. */
const MAX_KINDS = 100;

interface Kind {
  readonly level: LogLevel;
  count: number;
  readonly timer: NodeJS.Timeout;
}

/** Counts failures of the same kind, so that an outage is logged once and then as a number. */
export class RepeatedFailures {
  private readonly kinds = new Map<string, Kind>();

  /** @param report logs how often failures of a kind were repeated in a period, or until the end */
  constructor(private readonly report: (kind: string, count: number, level: LogLevel) => void) {}

  /** Counts a failure. @returns true if one of its kind was logged in this period */
  isRepeated(kind: string, level: LogLevel): boolean {
    const known = this.kinds.get(kind);
    if (known !== undefined) {
      known.count += 1;
      return true;
    }
    if (this.kinds.size >= MAX_KINDS) return false;
    const timer = setInterval(() => this.endPeriod(kind), PERIOD_MS);
    timer.unref();
    this.kinds.set(kind, { level, count: 0, timer });
    return false;
  }

  /** Reports what has been counted, and ends all periods. */
  close(): void {
    for (const kind of [...this.kinds.keys()]) {
      this.endPeriod(kind);
      this.forget(kind);
    }
  }

  private endPeriod(kind: string): void {
    const counted = this.kinds.get(kind);
    if (counted === undefined) return;
    const { count, level } = counted;
    // After a period without a failure the next one is logged in full again.
    if (count === 0) return this.forget(kind);
    counted.count = 0;
    this.report(kind, count, level);
  }

  private forget(kind: string): void {
    clearInterval(this.kinds.get(kind)?.timer);
    this.kinds.delete(kind);
  }
}
