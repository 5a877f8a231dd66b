import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { QueryFailedError } from 'typeorm';
import type { Enforcement } from '../orm/enforcement/enforcement.js';
import type { StatementObservation, StatementObserver } from '../orm/execution/statement-observer.js';
import { nameOf } from '../orm/execution/pool-statistics.js';
import { summarizeStatement } from '../orm/sql/statement-summary.js';
import type { StatementSummary } from '../orm/sql/statement-summary.js';
import { describeFailure } from './failure-description.js';
import type { Instruments } from './instruments.js';
import type { Api, Providers } from './providers.js';

/** `SpanKind.CLIENT`, which is an enum of a package that may be missing. */
const CLIENT = 2;

/** Records the statements of a DataSource, by OpenTelemetry's conventions for database clients. */
export class StatementSpans implements StatementObserver {
  private readonly database: Attributes;
  private readonly pool: Attributes;

  /**
   * @param withSpans false if another instrumentation makes a span for each statement
   * @param onRefusal called with the error of a statement that was not sent
   */
  constructor(
    private readonly providers: Providers,
    private readonly enforcement: Enforcement,
    private readonly withSpans: boolean,
    private readonly onRefusal: (error: unknown) => void,
  ) {
    const { driver, options } = enforcement.dataSource;
    this.database = {
      'db.system.name': SYSTEMS[options.type] ?? options.type,
      ...(driver.database !== undefined && { 'db.namespace': driver.database }),
    };
    this.pool = { 'db.client.connection.pool.name': nameOf(enforcement.dataSource) };
  }

  begin(text: string): StatementObservation | undefined {
    const tracer = this.withSpans ? this.providers.tracer() : undefined;
    const instruments = this.providers.instruments();
    if (tracer === undefined && instruments === undefined) return undefined;
    const { api } = this.providers;
    const statement = summarizeStatement(text, this.enforcement.dialect);
    return new StatementSpan(api, tracer, instruments, api.context.active(), statement, this.database, this.pool);
  }

  planned(isCached: boolean): void {
    this.providers.instruments()?.plans.add(1, { 'muck.plan_cache.result': isCached ? 'hit' : 'miss' });
  }

  refused(error: unknown): void {
    this.onRefusal(error);
  }
}

/** The names of OpenTelemetry's conventions for TypeORM's types of databases. */
const SYSTEMS: Readonly<Record<string, string>> = {
  postgres: 'postgresql',
  'aurora-postgres': 'postgresql',
  'aurora-mysql': 'mysql',
  sqljs: 'sqlite',
  'better-sqlite3': 'sqlite',
};

class StatementSpan implements StatementObservation {
  private readonly asked = performance.now();
  private sent: number | undefined;
  private span: Span | undefined;

  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer | undefined,
    private readonly instruments: Instruments | undefined,
    /** Captured, because a connection is handed over in the context of the one that released it. */
    private readonly parent: Context,
    private readonly statement: StatementSummary,
    private readonly database: Attributes,
    private readonly pool: Attributes,
  ) {}

  connected(): void {
    // A statement that is sent again, without its prepared name, is one.
    if (this.sent !== undefined) return;
    this.sent = performance.now();
    this.start();
    this.instruments?.connectionWait.record((this.sent - this.asked) / 1000, this.pool);
  }

  end(error: unknown): void {
    // Without a connection, the span says that there was none.
    if (this.sent === undefined) this.start();
    const failure = error === undefined ? {} : failureOf(error);
    this.span?.setAttributes(failure);
    if (error !== undefined) this.span?.setStatus({ code: this.api.SpanStatusCode.ERROR });
    this.span?.end();
    this.instruments?.statementDuration.record((performance.now() - (this.sent ?? this.asked)) / 1000, {
      ...this.database,
      ...named(this.statement),
      ...failure,
    });
  }

  private start(): void {
    const { summary, text, fingerprint } = this.statement;
    const attributes = {
      ...this.database,
      ...named(this.statement),
      'db.query.summary': summary,
      ...(text !== undefined && { 'db.query.text': text }),
      'muck.statement.fingerprint': fingerprint,
    };
    this.span = this.tracer?.startSpan(summary, { kind: CLIENT, attributes }, this.parent);
  }
}

function named({ operation, table }: StatementSummary): Attributes {
  return { 'db.operation.name': operation, ...(table !== undefined && { 'db.collection.name': table }) };
}

function failureOf(thrown: unknown): Attributes {
  const { error, code } = describeFailure(thrown);
  const isOfDatabase = thrown instanceof QueryFailedError && code !== undefined;
  return { 'error.type': code ?? error, ...(isOfDatabase && { 'db.response.status_code': code }) };
}
