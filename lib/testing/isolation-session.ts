import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { DataSource, EntityMetadata } from 'typeorm';
import { dataSourcesOf } from '../crud/data-source.locator.js';
import { enforcementOf } from '../orm/enforcement/enforcement.js';
import { isScoped } from '../orm/policy/tenant-policy.js';
import { getScopeDeclaration, validateScope } from '../tenancy/context/tenant-scope.js';
import { runWithScope } from '../tenancy/context/tenant-context.js';
import { HeaderRecorder } from './http/header-recorder.js';
import { TestClient } from './http/test-client.js';
import type { Exchange } from './http/test-client.js';
import type { AttemptKind } from './isolation-report.js';
import { IsolationReport } from './isolation-report.js';
import type { IsolationOptions } from './isolation-options.js';
import { RouteCases } from './requests/route-cases.js';
import type { RequestParts } from './requests/route-cases.js';
import { ValueSources } from './requests/value-source.js';
import type { ApplicationRoute } from './routes/application-route.js';
import { changesOf, crossingReferences } from './rows/row-changes.js';
import { RowMarks } from './rows/row-marks.js';
import { RowReader } from './rows/row-reader.js';
import type { Snapshot } from './rows/row-reader.js';
import { OwnedRows } from './rows/tenant-rows.js';
import { authenticate } from './test-tenant.js';
import type { TestRequest, TestTenant } from './test-tenant.js';

/** The attacking tenant. */
export const FIRST = 0;
/** The tenant whose rows must stay out of reach. */
export const SECOND = 1;

const CREDENTIALS = /^(authorization|cookie|x-api-key|.*token.*|.*secret.*|.*signature.*)$/;

/** What an attempt was, for findings. */
export interface Attempt {
  readonly route: ApplicationRoute;
  readonly kind: AttemptKind;
  /** In words: `the id of a row of globex`. */
  readonly what: string;
}

/** One run of the isolation test: the client, the rows of both tenants, and the report. */
export class IsolationSession {
  readonly report = new IsolationReport();
  readonly tenants: readonly [TestTenant, TestTenant];
  private readonly reader: RowReader;
  private snapshot: Snapshot = { rows: [], truncated: [] };
  private references = new Set<string>();
  private marks: readonly RowMarks[] = [];

  private constructor(
    readonly options: IsolationOptions,
    private readonly client: TestClient,
    readonly headers: HeaderRecorder,
    private readonly dataSources: readonly DataSource[],
  ) {
    this.tenants = options.tenants;
    this.reader = new RowReader(
      dataSources,
      this.tenants.map(({ scope }) => validateScope(scope).values),
    );
  }

  /** Opens a session on an application, which listens on a free port if it does not listen yet. */
  static async open(app: INestApplication, options: IsolationOptions): Promise<IsolationSession> {
    const client = await TestClient.open(app);
    const dataSources = dataSourcesOf(app.get(DiscoveryService, { strict: false }));
    const recorder = new HeaderRecorder(app.getHttpServer() as Server);
    return new IsolationSession(options, client, recorder, dataSources);
  }

  close(): void {
    this.headers.stop();
    this.client.close();
  }

  /** Returns the tenant-scoped entities of all DataSources, without junction tables. */
  get scopedEntities(): EntityMetadata[] {
    return this.dataSources.flatMap((dataSource) => {
      const policies = enforcementOf(dataSource)?.policies;
      return dataSource.entityMetadatas.filter(
        (metadata) =>
          policies !== undefined &&
          !metadata.isJunction &&
          metadata.tableType !== 'closure-junction' &&
          isScoped(policies.of(metadata)),
      );
    });
  }

  /** Runs `seed` for a tenant, in its scope. */
  async seed(tenant: number): Promise<void> {
    const { seed } = this.options;
    const own = this.tenants[tenant];
    if (seed !== undefined) await runWithScope(validateScope(own.scope), () => seed(own));
  }

  /** Reads all rows, which later checks compare with. */
  async readRows(): Promise<void> {
    this.snapshot = await this.reader.read();
    this.references = crossingReferences(FIRST, SECOND, this.snapshot);
    for (const table of this.snapshot.truncated)
      this.report.addNotTried('(all)', `${table} has too many rows to compare all of them; use a smaller database`);
  }

  /** Determines the values by which rows of each tenant are recognised. */
  learnMarks(withoutSecond: readonly Exchange[]): void {
    const { rows } = this.snapshot;
    const properties = this.tenantProperties();
    this.marks = this.tenants.map(({ scope }, tenant) => {
      const isOwn = (row: (typeof rows)[number]): boolean => row.owners.size === 1 && row.owners.has(tenant);
      return new RowMarks(
        scope,
        properties,
        rows.filter(isOwn),
        rows.filter((row) => !isOwn(row)),
      );
    });
    for (const exchange of withoutSecond) this.marks[SECOND].forget(exchange);
  }

  /** Returns the makers of requests for the rows that are stored now. */
  cases(): RouteCases {
    const rows = this.tenants.map(({ name }, tenant) => new OwnedRows(name, this.snapshot.rows, tenant));
    const entities = this.dataSources.flatMap(({ entityMetadatas }) =>
      entityMetadatas.filter(({ isJunction, tableType }) => !isJunction && tableType !== 'closure-junction'),
    );
    const sources = new ValueSources(entities, Object.keys(getScopeDeclaration()));
    return new RouteCases(this.tenants, [rows[FIRST], rows[SECOND]], sources, this.scopedEntities);
  }

  /** Returns the rows of a tenant as they are stored now. */
  rowsOf(tenant: number): OwnedRows {
    return new OwnedRows(this.tenants[tenant].name, this.snapshot.rows, tenant);
  }

  /**
   * Sends a request.
   *
   * @param tenant whose credentials it has; undefined for none
   * @param change changes the request after it was authenticated
   */
  async send(
    tenant: number | undefined,
    route: ApplicationRoute,
    parts: RequestParts,
    change?: (request: TestRequest) => void,
  ): Promise<Exchange> {
    const path = route.path
      .replace(/\((?:[^()]|\([^()]*\))*\)/g, '')
      .replace(/([:*])(\w+)/g, (_, kind: string, name: string) => {
        const text = encodeURIComponent(parts.params[name] ?? '');
        return kind === '*' ? text.replaceAll('%2F', '/') : text;
      });
    const request: TestRequest = {
      method: route.method,
      path,
      query: { ...parts.query },
      headers: { ...route.headers, ...lowerCased(parts.headers) },
      ...(parts.body !== undefined && { body: parts.body }),
    };
    if (tenant !== undefined) await authenticate(this.tenants[tenant], request);
    change?.(request);
    const response = await this.client.send(request);
    if (response.status === 429)
      this.report.addNotTried(route.label, 'some requests got a 429; raise the rate limit in tests');
    return { request, response };
  }

  /**
   * Checks a response to the first tenant, or to none, for values of the second tenant's rows.
   *
   * @returns true if it contains some
   */
  judgeMarks(attempt: Attempt, exchange: Exchange, of: number = SECOND): boolean {
    const proof = this.marks[of]?.find(exchange);
    if (proof === undefined) return false;
    this.addFinding(attempt, exchange, `"${proof.value}" is ${proof.source} of ${this.tenants[of].name}.`, proof.value);
    return true;
  }

  /**
   * Reads all rows again and checks those of the second tenant.
   *
   * @returns true if a request changed them, or made rows of both tenants reference each other
   */
  async judgeRows(attempt: Attempt, exchange: Exchange): Promise<boolean> {
    const before = this.snapshot;
    this.snapshot = await this.reader.read();
    const changes = changesOf(SECOND, before, this.snapshot);
    const references = crossingReferences(FIRST, SECOND, this.snapshot);
    const added = [...references].filter((line) => !this.references.has(line));
    this.references = references;
    const all = [...changes.map((line) => `${line} (${this.tenants[SECOND].name})`), ...added];
    if (all.length === 0) return false;
    const more = all.length > 3 ? ` and ${all.length - 3} more` : '';
    this.addFinding(attempt, exchange, `${all.slice(0, 3).join('; ')}${more}.`);
    return true;
  }

  /** Adds a finding with the parts of request and response that prove it. */
  addFinding({ route, kind, what }: Attempt, exchange: Exchange, proof: string, part = ''): void {
    this.report.addFinding({
      route: route.label,
      attempt: kind,
      what,
      request: this.describeRequest(exchange),
      response: describeResponse(exchange, part),
      proof,
    });
  }

  private describeRequest({ request: { method, path, query, headers, body } }: Exchange): string {
    const search = new URLSearchParams(query).toString();
    const lines = [`${method} ${path}${search === '' ? '' : `?${search}`}`];
    for (const [name, value] of Object.entries(headers)) {
      const owner = this.tenants.find((tenant) =>
        Object.entries(tenant.headers ?? {}).some(([own, text]) => own.toLowerCase() === name && text === value),
      );
      const isSecret = CREDENTIALS.test(name);
      lines.push(`${name}: ${isSecret ? '(hidden)' : value}${owner === undefined ? '' : ` (of ${owner.name})`}`);
    }
    if (body !== undefined) lines.push(cut(JSON.stringify(body), 300));
    return lines.join('\n');
  }

  /** Returns scope keys by the names of tenant columns, as JSON may name them. */
  private tenantProperties(): ReadonlyMap<string, string> {
    const names = new Map(Object.keys(getScopeDeclaration()).map((key) => [key, key]));
    for (const metadata of this.scopedEntities) {
      const columns = enforcementOf(metadata.dataSource)!.policies.tenantColumns(metadata);
      for (const { key, column } of columns) {
        if (column.isPrimary && metadata.primaryColumns.length === 1) continue;
        names.set(column.propertyName, key).set(column.databaseName, key);
      }
    }
    return names;
  }
}

function describeResponse({ response: { status, headers, body } }: Exchange, part: string): string {
  const shown = ['content-type', 'etag', 'cache-control', 'location'].filter((name) => headers[name] !== undefined);
  const text = body.toString('utf8').replaceAll(/[^\P{C}\n]/gu, '.');
  const at = Math.max(0, text.indexOf(part) - 120);
  return [
    String(status),
    ...shown.map((name) => `${name}: ${String(headers[name])}`),
    ...(text === '' ? [] : [`${at > 0 ? '…' : ''}${cut(text.slice(at), 300)}`]),
  ].join('\n');
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
