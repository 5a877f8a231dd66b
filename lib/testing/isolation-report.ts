/** Kinds of attempts, in the order of the columns of a report. */
export const ATTEMPTS = [
  'read',
  'list',
  'filter',
  'include',
  'write',
  'reference',
  'tenant',
  'inference',
  'cache',
  'anonymous',
] as const;

/** A kind of attempt to reach rows of another tenant. */
export type AttemptKind = (typeof ATTEMPTS)[number];

/** A place at which rows of one tenant were reached by another. */
export interface IsolationFinding {
  /** Method and path: `GET /api/tickets/:id`. */
  readonly route: string;
  readonly attempt: AttemptKind;
  /** What was tried, in words. */
  readonly what: string;
  /** The parts of the request that matter; without credentials. */
  readonly request: string;
  /** The parts of the response that matter. */
  readonly response: string;
  /** Why this proves it. */
  readonly proof: string;
}

/** Something that was not tried. */
export interface NotTried {
  readonly route: string;
  /** What was not tried; undefined for the whole route. */
  readonly attempt?: AttemptKind;
  readonly why: string;
}

/** The result of {@link expectTenantIsolation}: what was tried, what crossed, and what was not tried. */
export class IsolationReport {
  readonly findings: IsolationFinding[] = [];
  readonly notTried: NotTried[] = [];
  /** Routes that the test excludes, with the reasons. */
  readonly excluded: { readonly route: string; readonly why: string }[] = [];
  private readonly counts = new Map<string, Map<AttemptKind, number>>();

  /** The routes that were found, in the order of the table. */
  get routes(): readonly string[] {
    return [...this.counts.keys()];
  }

  /** Number of attempts that were made. */
  get attempts(): number {
    return [...this.counts.values()].flatMap((kinds) => [...kinds.values()]).reduce((sum, count) => sum + count, 0);
  }

  /** Returns how many attempts of a kind were made on a route. */
  count(route: string, attempt: AttemptKind): number {
    return this.counts.get(route)?.get(attempt) ?? 0;
  }

  addRoute(route: string): void {
    if (!this.counts.has(route)) this.counts.set(route, new Map());
  }

  addAttempt(route: string, attempt: AttemptKind): void {
    this.addRoute(route);
    const kinds = this.counts.get(route)!;
    kinds.set(attempt, (kinds.get(attempt) ?? 0) + 1);
  }

  addFinding(finding: IsolationFinding): void {
    const isKnown = this.findings.some(
      ({ route, attempt, what }) => route === finding.route && attempt === finding.attempt && what === finding.what,
    );
    if (!isKnown) this.findings.push(finding);
  }

  addNotTried(route: string, why: string, attempt?: AttemptKind): void {
    const isKnown = this.notTried.some(
      (other) => other.route === route && other.why === why && other.attempt === attempt,
    );
    if (!isKnown) this.notTried.push({ route, why, ...(attempt !== undefined && { attempt }) });
  }

  /** Returns the table of routes and attempts, findings, and what was not tried. */
  toString(): string {
    const width = Math.max(5, ...this.routes.map(({ length }) => length));
    const lines = [row('route', [...ATTEMPTS], width)];
    for (const route of this.routes) lines.push(row(route, this.cells(route), width));
    lines.push(
      '',
      `${this.routes.length} routes, ${this.attempts} attempts, ${this.findings.length} crossed. ` +
        'A number counts attempts that were held, - is nothing to try, ? was not tried.',
    );
    if (this.excluded.length > 0)
      lines.push('', 'Excluded:', ...this.excluded.map(({ route, why }) => `  ${route}: ${why}`));
    if (this.notTried.length > 0) {
      lines.push('', 'Not tried:');
      for (const { route, attempt, why } of this.notTried)
        lines.push(`  ${route}${attempt === undefined ? '' : `, ${attempt}`}: ${why}`);
    }
    if (this.findings.length > 0) lines.push('', this.describeFindings());
    return lines.join('\n');
  }

  /** Returns the findings with the parts of request and response that prove them. */
  describeFindings(): string {
    return this.findings
      .map(({ route, attempt, what, request, response, proof }) =>
        [
          `${route} × ${attempt}: ${what}`,
          ...request.split('\n').map((line) => `  > ${line}`),
          ...response.split('\n').map((line) => `  < ${line}`),
          `  ${proof}`,
        ].join('\n'),
      )
      .join('\n\n');
  }

  private cells(route: string): string[] {
    if (this.excluded.some((excluded) => excluded.route === route)) return ['excluded'];
    const isUntried = (kind?: AttemptKind): boolean =>
      this.notTried.some((other) => other.route === route && other.attempt === kind);
    return ATTEMPTS.map((kind) => {
      if (this.findings.some((finding) => finding.route === route && finding.attempt === kind)) return 'CROSSED';
      const count = this.count(route, kind);
      if (count > 0) return String(count);
      return isUntried(kind) || isUntried() ? '?' : '-';
    });
  }
}

function row(name: string, cells: readonly string[], width: number): string {
  return `${name.padEnd(width)}  ${cells.map((cell) => cell.padEnd(9)).join(' ')}`.trimEnd();
}
