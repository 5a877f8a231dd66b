import type { StatementObservation, StatementObserver } from '../orm/execution/statement-observer.js';

/** Returns one observer for all of the given ones; undefined if there are none. */
export function observeAll(observers: readonly StatementObserver[]): StatementObserver | undefined {
  return observers.length > 1 ? new CombinedStatementObserver(observers) : observers.at(0);
}

class CombinedStatementObserver implements StatementObserver {
  constructor(private readonly observers: readonly StatementObserver[]) {}

  begin(text: string): StatementObservation | undefined {
    const all = this.observers.map((observer) => observer.begin(text)).filter((one) => one !== undefined);
    if (all.length <= 1) return all.at(0);
    return {
      connected: () => all.forEach((one) => one.connected()),
      end: (error) => all.forEach((one) => one.end(error)),
    };
  }

  planned(isCached: boolean): void {
    for (const observer of this.observers) observer.planned(isCached);
  }

  refused(error: unknown): void {
    for (const observer of this.observers) observer.refused(error);
  }
}
