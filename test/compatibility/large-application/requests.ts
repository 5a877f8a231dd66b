import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { Message, Transport } from '../../support/transport.js';
import { pathOf, TENANT_HEADER } from './application.js';
import { ACME, clientRow, GLOBEX, isClients, isShared } from './rows.js';
import { comparable, type World } from './worlds.js';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { Random } from '../../support/random.js';

/** What went otherwise than it should, for each request one line; empty when nothing did. */
export type Faults = string[];

interface Reply {
  readonly status: number;
  readonly body: ObjectLiteral;
}

/** A client of every resource of the application, for two tenants. */
export class Requests {
  /** How many requests were sent. */
  sent = 0;
  private readonly made = new Map<EntityMetadata, ObjectLiteral>();
  private readonly random = new Random(13);

  constructor(
    private readonly transport: Transport,
    private readonly world: World,
    private readonly entities: readonly EntityMetadata[],
  ) {}

  /** Lists hold the tenant's rows and shared ones, and no others. */
  async list(): Promise<Faults> {
    return this.each(this.entities, async (metadata) => {
      const faults: Faults = [];
      for (const tenant of [ACME, GLOBEX]) {
        const { status, body } = await this.send(tenant, 'GET', `${pathFor(metadata)}?limit=100`);
        if (status !== 200) {
          faults.push(`${status} ${JSON.stringify(body)}`);
          continue;
        }
        const items = body['items'] as ObjectLiteral[];
        const expected = this.expected(metadata, tenant);
        if (expected !== undefined && items.length !== expected) faults.push(`${items.length} rows, not ${expected}`);
        const foreign = tenant === ACME ? GLOBEX : ACME;
        if (JSON.stringify(items).includes(foreign)) faults.push('shows the key of another tenant');
      }
      return faults;
    });
  }

  /** One row each of the tenant's own is there, and another tenant's is not, for any method. */
  async read(): Promise<Faults> {
    return this.each(this.entities, async (metadata) => {
      const path = pathFor(metadata);
      const faults: Faults = [];
      const id = this.keyOf(metadata, ACME);
      if (id === undefined) return faults;
      const own = await this.send(ACME, 'GET', `${path}/${id}`);
      if (own.status !== 200) faults.push(`own row: ${own.status} ${JSON.stringify(own.body)}`);
      if (isShared(metadata)) return faults;
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
        if (!this.serves(metadata, method)) continue;
        const foreign = await this.send(GLOBEX, method, `${path}/${id}`, method === 'PUT' ? own.body : {});
        if (foreign.status !== 404) faults.push(`${method} of another tenant's row: ${foreign.status}`);
      }
      return faults;
    });
  }

  /** Rows are made from what the metadata says of the columns, and read back as they were answered. */
  async create(): Promise<Faults> {
    return this.each(this.written(), async (metadata) => {
      const body = this.newBody(metadata, 7);
      const created = await this.send(ACME, 'POST', pathFor(metadata), body);
      if (created.status !== 201)
        return [`${created.status} ${JSON.stringify(created.body)} for ${JSON.stringify(body)}`];
      this.made.set(metadata, created.body);
      const read = await this.send(ACME, 'GET', this.pathOfMade(metadata));
      const faults = differences(created.body, read.body);
      // What was sent is what is stored.
      const sent = Object.fromEntries(
        Object.keys(body)
          .filter((key) => key in read.body)
          .map((key) => [key, body[key]]),
      );
      const stored = Object.fromEntries(Object.keys(sent).map((key) => [key, read.body[key]]));
      return [...faults, ...differences(sent, stored, metadata)];
    });
  }

  /** What GET gives can be PUT, and changes nothing. */
  async replace(): Promise<Faults> {
    return this.each([...this.made.keys()], async (metadata) => {
      const path = this.pathOfMade(metadata);
      const before = await this.send(ACME, 'GET', path);
      const replaced = await this.send(ACME, 'PUT', path, before.body);
      if (replaced.status !== 200) return [`${replaced.status} ${JSON.stringify(replaced.body)}`];
      const after = await this.send(ACME, 'GET', path);
      return differences(withoutTimes(before.body), withoutTimes(after.body));
    });
  }

  /** PATCH changes one column after the other, and nothing else. */
  async update(): Promise<Faults> {
    return this.each([...this.made.keys()], async (metadata) => {
      const path = this.pathOfMade(metadata);
      const faults: Faults = [];
      let { body: before } = await this.send(ACME, 'GET', path);
      for (const [property, value] of Object.entries(this.newBody(metadata, 8))) {
        if (!(property in before)) continue;
        const { status, body: after } = await this.send(ACME, 'PATCH', path, { [property]: value });
        if (status !== 200) faults.push(`${property}: ${status} ${JSON.stringify(after)} for ${JSON.stringify(value)}`);
        else {
          faults.push(...differences(withoutTimes({ ...before, [property]: value }), withoutTimes(after), metadata));
          before = after;
        }
      }
      const { body: stored } = await this.send(ACME, 'GET', path);
      return [...faults, ...differences(withoutTimes(before), withoutTimes(stored))];
    });
  }

  /** Filters and orders by every column that a list shows. */
  async query(): Promise<Faults> {
    return this.each(this.entities, async (metadata) => {
      const faults: Faults = [];
      const path = pathFor(metadata);
      const { body } = await this.send(ACME, 'GET', `${path}?limit=1`);
      const [row = {}] = body['items'] as ObjectLiteral[];
      for (const column of metadata.columns) {
        const property = column.propertyPath;
        if (column.isVirtual || metadata.name === 'Tenant' || column.propertyPath === 'tenantId' || !(property in row))
          continue;
        if (!isComparable(column)) continue;
        const value = row[property] as unknown;
        const filter =
          value === null ? `${property}__is_null=true` : `${property}=${encodeURIComponent(value as string)}`;
        const found = await this.send(ACME, 'GET', `${path}?${filter}&sort=-${property}&limit=1&count=exact`);
        if (found.status !== 200 || !(found.body['total'] > 0))
          faults.push(`${filter}: ${found.status} ${JSON.stringify(found.body).slice(0, 200)}`);
      }
      return faults;
    });
  }

  /** Rows that were made are deleted, and are gone. */
  async remove(): Promise<Faults> {
    return this.each([...this.made.keys()].reverse(), async (metadata) => {
      const path = this.pathOfMade(metadata);
      const removed = await this.send(ACME, 'DELETE', path);
      if (removed.status !== 204) return [`${removed.status} ${JSON.stringify(removed.body)}`];
      const { status } = await this.send(ACME, 'GET', path);
      return status === 404 ? [] : [`${status} after it was deleted`];
    });
  }

  private async each(
    entities: readonly EntityMetadata[],
    ask: (metadata: EntityMetadata) => Promise<Faults>,
  ): Promise<Faults> {
    const faults: Faults = [];
    for (const metadata of entities) faults.push(...(await ask(metadata)).map((fault) => `${metadata.name}: ${fault}`));
    return faults;
  }

  private async send(tenant: string, method: Message['method'], url: string, body?: object): Promise<Reply> {
    this.sent += 1;
    const { status, text } = await this.transport.send({
      method,
      url,
      headers: { [TENANT_HEADER]: tenant, 'content-type': 'application/json' },
      ...(body !== undefined && method !== 'GET' && { body: JSON.stringify(body) }),
    });
    return { status, body: text === '' ? {} : (JSON.parse(text) as ObjectLiteral) };
  }

  private newBody(metadata: EntityMetadata, n: number): ObjectLiteral {
    const fresh = (target: EntityMetadata): ObjectLiteral | undefined => this.made.get(target);
    const source = { sown: this.world.sown, random: this.random, tenant: ACME, n, fresh };
    return bodyOf(metadata, clientRow(metadata, source));
  }

  /** A tenant's own row is its tenant: in its scope there is no other. */
  private written(): EntityMetadata[] {
    return this.entities.filter((metadata) => metadata.name !== 'Tenant' && this.serves(metadata, 'POST'));
  }

  private serves(metadata: EntityMetadata, method: Message['method']): boolean {
    if (method === 'GET') return true;
    if (metadata.tableType === 'view' || isShared(metadata)) return false;
    return metadata.treeType === undefined || method === 'DELETE';
  }

  private expected(metadata: EntityMetadata, tenant: string): number | undefined {
    return metadata.tableType === 'view' ? undefined : this.world.sown.of(metadata, tenant).length;
  }

  private keyOf(metadata: EntityMetadata, tenant: string): string | undefined {
    const table =
      metadata.name === 'EmployeeOverview' ? 'Employee' : metadata.name === 'RoleOverview' ? 'Role' : undefined;
    const key = this.world.sown.key(table === undefined ? metadata : this.world.metadata(table), tenant);
    return key as string | undefined;
  }

  private pathOfMade(metadata: EntityMetadata): string {
    const [key] = metadata.primaryColumns;
    return `${pathFor(metadata)}/${String(this.made.get(metadata)![key.propertyName])}`;
  }
}

function pathFor(metadata: EntityMetadata): string {
  return pathOf(metadata.target as never);
}

/** A row as a client sends it: no tenant, no hidden columns. */
function bodyOf(metadata: EntityMetadata, row: ObjectLiteral): ObjectLiteral {
  const body = { ...row };
  for (const column of metadata.columns) {
    const isOfChild = metadata.childEntityMetadatas.some(({ target }) => target === column.target);
    if (!column.isSelect || !isClients(column) || isOfChild) delete body[column.propertyPath];
  }
  delete body['refreshToken'];
  // A listener and a subscriber fill these where they are null.
  for (const property of ['reference', 'slug']) if (body[property] === null) delete body[property];
  // Where properties have rules, those without one are not taken.
  if (metadata.name.endsWith('Template')) for (const property of ['isActive', 'archivedAt']) delete body[property];
  return body;
}

/** Whether a list compares a column with a value: structures, computed values and what a view says no type of are not compared. */
function isComparable(column: ColumnMetadata): boolean {
  const isTyped = column.entityMetadata.tableType !== 'view' || column.isPrimary;
  // SQLite keeps the times that it makes itself without the milliseconds that a parameter has.
  const isMade = column.isUpdateDate || column.isCreateDate;
  return isTyped && !isMade && !column.isVirtualProperty && !/json|array/.test(String(column.type)) && !isLoose(column);
}

/** A transformer makes something else of the column, and the property's type, a union, does not say what. */
function isLoose(column: ColumnMetadata): boolean {
  return column.transformer !== undefined && column.isNullable;
}

/** What changes by itself with every write. */
function withoutTimes({ updatedAt: _updated, version: _version, ...rest }: ObjectLiteral): ObjectLiteral {
  return rest;
}

/** The properties in which two answers differ; with `metadata` what was sent against what came back. */
function differences(expected: ObjectLiteral, actual: ObjectLiteral, metadata?: EntityMetadata): Faults {
  const faults: Faults = [];
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const [wanted, got] = [expected[key], actual[key]].map((value: unknown) => canonical(value));
    if (wanted !== got && !isComputed(metadata, key)) faults.push(`${key} is ${got}, not ${wanted}`);
  }
  return faults;
}

/** What follows from other columns: a change of one changes the other. */
function isComputed(metadata: EntityMetadata | undefined, key: string): boolean {
  if (metadata === undefined) return false;
  const column = metadata.findColumnWithPropertyName(key);
  return column === undefined
    ? !metadata.embeddeds.some(({ propertyName }) => propertyName === key)
    : column.isVirtualProperty;
}

/** Times and decimals in one form; otherwise the JSON of a value. */
function canonical(value: unknown): string {
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (typeof value === 'string' && /^-?\d+\.\d+$/.test(value)) return JSON.stringify(String(Number(value)));
  return JSON.stringify(comparable(value)) ?? 'undefined';
}
