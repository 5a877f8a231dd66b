/** A place in the source of the application. */
export interface SourcePlace {
  /** Path from the working directory, with slashes. */
  readonly file: string;
  readonly line: number;
}

/** How the rows of an entity are kept apart. */
export interface AuditedEntity {
  readonly name: string;
  readonly table: string;
  readonly tenancy: 'scoped' | 'shared' | 'undeclared';
  /** In words: `by organizationId`, `via ticket`, or the reason why it is shared. */
  readonly how: string;
  /** Rows that several tenants share although the entity is scoped, e.g. `rows of all regionId`. */
  readonly shares?: readonly string[];
  readonly place?: SourcePlace;
}

/** How a route gets its tenant. */
export interface AuditedRoute {
  /** Method and path, without a global prefix. */
  readonly route: string;
  /** Controller and method. */
  readonly handler: string;
  readonly tenancy: 'scoped' | 'cross-tenant' | 'none';
  /** The reason of `@CrossTenant('why')`. */
  readonly why?: string;
  readonly place?: SourcePlace;
}

/** A place in the source that leaves the scope of a tenant. */
export interface AuditedUse extends SourcePlace {
  readonly kind: 'unscoped' | '@Unscoped' | '@CrossTenant' | 'shareTransaction';
  /** The reason in the source; undefined if it is not a literal. */
  readonly why: string | undefined;
  /** The entities that are unscoped, as written; undefined for all. */
  readonly entities?: string;
}

/** A statement of raw SQL in the source. */
export interface AuditedSql extends SourcePlace {
  /** `unknown` for a statement that is not a literal. */
  readonly verdict: 'allowed' | 'unscoped' | 'refused' | 'unknown';
  readonly why: string;
}

/** A unique key by which a tenant could find out values of others. */
export interface AuditedKey {
  readonly entity: string;
  readonly why: string;
  /** True if `globallyUnique` acknowledges it. */
  readonly isAcknowledged: boolean;
}

/** Everything in an application that decides about its tenants. */
export interface AuditReport {
  readonly entities: readonly AuditedEntity[];
  readonly routes: readonly AuditedRoute[];
  readonly uses: readonly AuditedUse[];
  readonly rawSql: readonly AuditedSql[];
  readonly uniqueKeys: readonly AuditedKey[];
  /** Tenant-scoped entities without an index that begins with the columns by which they are scoped. */
  readonly missingIndexes: readonly { readonly entity: string; readonly columns: readonly string[] }[];
  /** What was not audited, and why. */
  readonly notAudited: readonly string[];
}

/** Something in a report that a reader should know, or must change. */
export interface AuditFinding {
  readonly rule: keyof typeof RULES;
  readonly text: string;
  readonly place?: SourcePlace;
  /** The name of the entity or handler. */
  readonly subject?: string;
}

/** The rules of findings. An `error` fails the audit, unless a baseline accepts it. */
export const RULES = {
  'undeclared-entity': { level: 'error', text: 'An entity declares neither a tenant nor that it is shared.' },
  'refused-sql': { level: 'error', text: 'Raw SQL is refused in the scope of a tenant.' },
  'telling-key': { level: 'error', text: 'A unique key tells one tenant which values others have.' },
  'shared-entity': { level: 'note', text: 'The rows of an entity are shared by all tenants.' },
  'partly-shared-entity': { level: 'note', text: 'Some rows of a tenant-scoped entity are shared.' },
  'route-without-tenant': { level: 'note', text: 'A route has no tenant.' },
  'cross-tenant-route': { level: 'note', text: 'A route runs over all tenants.' },
  'unscoped-use': { level: 'note', text: 'Code runs over all tenants.' },
  'acknowledged-key': { level: 'note', text: 'A unique key without the tenant column is acknowledged.' },
  'unknown-sql': { level: 'warning', text: 'Raw SQL is not a literal, so it was not verified.' },
  'missing-index': { level: 'warning', text: 'No index begins with the tenant column.' },
} as const;

/** Returns the findings of a report. Their texts have no line numbers, so that a baseline outlives edits. */
export function findingsOf(report: AuditReport): AuditFinding[] {
  return [
    ...report.entities
      .filter(({ tenancy }) => tenancy !== 'scoped')
      .map(({ name, tenancy, how, place }): AuditFinding => {
        const rule = tenancy === 'shared' ? 'shared-entity' : 'undeclared-entity';
        return { rule, text: `${name}: ${how}`, subject: name, place };
      }),
    ...report.entities.flatMap(({ name, shares = [], place }) =>
      shares.map((what): AuditFinding => {
        return { rule: 'partly-shared-entity', text: `${name}: ${what}`, subject: name, place };
      }),
    ),
    ...report.uniqueKeys.map(({ entity, why, isAcknowledged }): AuditFinding => ({
      rule: isAcknowledged ? 'acknowledged-key' : 'telling-key',
      text: isAcknowledged ? `${entity}: ${why}` : why,
      subject: entity,
      place: report.entities.find(({ name }) => name === entity)?.place,
    })),
    ...report.missingIndexes.map(({ entity, columns }): AuditFinding => ({
      rule: 'missing-index',
      text: `${entity}: no index begins with ${columns.join(', ')}`,
      subject: entity,
      place: report.entities.find(({ name }) => name === entity)?.place,
    })),
    ...report.routes
      .filter(({ tenancy }) => tenancy !== 'scoped')
      .map(({ route, handler, tenancy, why, place }): AuditFinding => {
        const rule = tenancy === 'cross-tenant' ? 'cross-tenant-route' : 'route-without-tenant';
        return { rule, text: `${route} (${handler})${why === undefined ? '' : `: ${why}`}`, subject: handler, place };
      }),
    ...report.uses.map(({ kind, why, entities, file, line }): AuditFinding => {
      const limit = entities === undefined ? '' : ` for ${entities}`;
      return {
        rule: 'unscoped-use',
        text: `${file}: ${kind}${limit}: ${why ?? '(the reason is not a literal)'}`,
        place: { file, line },
      };
    }),
    ...report.rawSql
      .filter(({ verdict }) => verdict === 'refused' || verdict === 'unknown')
      .map(({ verdict, why, file, line }): AuditFinding => {
        const rule = verdict === 'refused' ? 'refused-sql' : 'unknown-sql';
        return { rule, text: `${file}: ${why}`, place: { file, line } };
      }),
  ];
}

/** Returns the report as text for a terminal. */
export function formatReport(report: AuditReport): string[] {
  const { entities, routes, notAudited } = report;
  const findings = findingsOf(report);
  const lines = [
    'Entities',
    ...entities.map(
      ({ name, tenancy, how }) => `  ${name.padEnd(widest(entities.map((one) => one.name)))}  ${tenancy}: ${how}`,
    ),
    '',
    'Routes',
    ...routes.map(({ route, tenancy, why }) => {
      const text = why === undefined ? tenancy : `${tenancy}: ${why}`;
      return `  ${route.padEnd(widest(routes.map((one) => one.route)))}  ${text}`;
    }),
  ];
  for (const [rule, { level, text }] of Object.entries(RULES)) {
    const own = findings.filter((finding) => finding.rule === rule);
    // The lists above have these.
    if (own.length === 0 || ['shared-entity', 'cross-tenant-route', 'route-without-tenant'].includes(rule)) continue;
    lines.push('', `${level}: ${text}`);
    for (const { text: found, place } of own) {
      const at = place !== undefined && found.startsWith(`${place.file}: `);
      lines.push(at ? `  ${place.file}:${place.line}${found.slice(place.file.length)}` : `  ${found}`);
    }
  }
  if (notAudited.length > 0) lines.push('', 'Not audited', ...notAudited.map((line) => `  ${line}`));
  return lines;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}
