import type { ExecutionContext } from '@nestjs/common';
import type { Enforcement } from '../orm/enforcement/enforcement.js';
import type { StatementObserver } from '../orm/execution/statement-observer.js';
import { poolStatistics } from '../orm/execution/pool-statistics.js';
import { EntityUndeclaredError } from '../errors/entity-undeclared.error.js';
import { SharedRowError } from '../errors/shared-row.error.js';
import { StatementRefusedError } from '../errors/statement-refused.error.js';
import { TenantScopeInvalidError } from '../errors/tenant-scope-invalid.error.js';
import { TenantScopeMissingError } from '../errors/tenant-scope-missing.error.js';
import { TenantScopeViolationError } from '../errors/tenant-scope-violation.error.js';
import { originOf } from '../tenancy/http/http-exception.mapper.js';
import type { ObservedDataSources } from './observed-data-sources.js';
import { Providers } from './providers.js';
import type { Api } from './providers.js';
import { RequestSpan } from './request-span.js';
import { StatementSpans } from './statement-spans.js';

/** The errors that keep a statement or a request within its tenant. */
const REFUSALS = [
  EntityUndeclaredError,
  SharedRowError,
  StatementRefusedError,
  TenantScopeInvalidError,
  TenantScopeMissingError,
  TenantScopeViolationError,
];

/**
 * Loads `@opentelemetry/api`.
 *
 * @returns undefined if the application has not installed it
 */
export async function loadTelemetry(
  options: { readonly statementSpans: boolean },
  dataSources: ObservedDataSources,
): Promise<Telemetry | undefined> {
  try {
    return new Telemetry(await import('@opentelemetry/api'), options, dataSources);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Records spans and metrics through OpenTelemetry's API, as long as a provider is registered. */
export class Telemetry {
  private readonly counted = new WeakSet<object>();
  private readonly providers: Providers;

  constructor(
    api: Api,
    private readonly options: { readonly statementSpans: boolean },
    dataSources: ObservedDataSources,
  ) {
    this.providers = new Providers(api, () =>
      dataSources.all().flatMap(({ dataSource }) => poolStatistics(dataSource)),
    );
  }

  /** Begins the span of a request; undefined while no provider is registered. */
  startRequest(context: ExecutionContext): RequestSpan | undefined {
    const tracer = this.providers.tracer();
    const instruments = this.providers.instruments();
    return tracer === undefined && instruments === undefined
      ? undefined
      : new RequestSpan(this.providers.api, tracer, instruments, context);
  }

  /** Returns the observer of a DataSource's statements. */
  statementsOf(enforcement: Enforcement): StatementObserver {
    return new StatementSpans(this.providers, enforcement, this.options.statementSpans, (error) => this.refused(error));
  }

  /** Counts an error that kept a statement or request within its tenant, once. */
  refused(thrown: unknown): void {
    const error = originOf(thrown);
    const type = REFUSALS.find((refusal) => error instanceof refusal);
    if (type === undefined || this.counted.has(error as Error)) return;
    this.counted.add(error as Error);
    this.providers.instruments()?.refusals.add(1, { 'error.type': type.name });
  }
}
