import type { Enforcement } from '../orm/enforcement/enforcement.js';

/** The DataSources of an application, for its metrics and health checks. */
export class ObservedDataSources {
  private readonly known = new Set<Enforcement>();

  add(enforcement: Enforcement): void {
    this.known.add(enforcement);
  }

  all(): readonly Enforcement[] {
    return [...this.known];
  }
}
