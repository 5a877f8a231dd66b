import type { IsolationReport } from './isolation-report.js';

/** Thrown by `expectTenantIsolation` if a request of one tenant reached rows of another. */
export class TenantIsolationError extends Error {
  override readonly name = 'TenantIsolationError';

  /** @param report the result, with all findings */
  constructor(readonly report: IsolationReport) {
    super(
      `${report.findings.length} of ${report.attempts} attempts crossed from one tenant to another:\n\n${report.describeFindings()}`,
    );
  }
}
