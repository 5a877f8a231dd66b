import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2';
import pg from 'pg';
import { DataSource, SelectQueryBuilder } from 'typeorm';
import type { EntityMetadata } from 'typeorm';
import { attempt } from '../../lib/common/safe-read.js';
import { CompiledInsert } from '../../lib/orm/compiled-insert.js';
import { CompiledSelect } from '../../lib/orm/compiled-select.js';
import { CompiledUpdate } from '../../lib/orm/compiled-update.js';
import { enforcementOf } from '../../lib/orm/enforcement/enforcement.js';
import type { Enforcement } from '../../lib/orm/enforcement/enforcement.js';
import type { TenantPolicy } from '../../lib/orm/policy/tenant-policy.js';
import { currentContext } from '../../lib/tenancy/context/tenant-context.js';

/** A table of a DataSource, and what must stand beside its name. */
interface RecordedTable {
  readonly entity: string;
  readonly table: string;
  readonly isClosure: boolean;
  readonly uniqueKeys: Readonly<Record<string, readonly string[]>>;
  readonly kind: 'shared' | 'undeclared' | 'columns' | 'parents';
  readonly columns?: readonly string[];
  readonly parents?: readonly { readonly table: string; readonly own: readonly string[] }[];
}

/** A text that was sent, and for whom. */
interface RecordedStatement {
  readonly sql: string;
  readonly tables: string;
  readonly dialect: string;
  readonly situation: 'scope' | 'unscoped' | 'none';
  /** Why it was unscoped, and for which entities alone. */
  readonly why?: string;
  readonly entities?: readonly string[];
}

/** Where a database is. */
interface Address {
  readonly database?: string;
  readonly url?: string;
}

const dataSources = new Map<unknown, DataSource>();
/** In what context a statement was asked for: connections are got, and statements put on them, outside of any. */
const asked = new AsyncLocalStorage<{ readonly context: ReturnType<typeof currentContext> }>();
const snapshots = new WeakMap<Enforcement, string>();
const tables = new Map<string, readonly RecordedTable[]>();
const statements = new Map<string, RecordedStatement>();

/**
 * Records the texts of statements where the drivers get them, from TypeORM and from the library alike, with the context of that moment. Connections that a
 * test has opened itself, DataSources without enforcement, and those with row-level security, which holds raw SQL, are left out.
 */
export function recordStatements(): void {
  const initialize = Reflect.get(DataSource.prototype, 'initialize');
  DataSource.prototype.initialize = async function (this: DataSource) {
    const result = await initialize.call(this);
    const { type, replication, ...only } = this.options as Address & {
      type: string;
      replication?: { master: Address };
    };
    const { database, url } = replication?.master ?? only;
    if (type === 'sqljs') {
      const { databaseConnection } = this.driver as unknown as { databaseConnection: Record<string, Send> };
      dataSources.set(databaseConnection, this);
      wrap(databaseConnection, 'prepare', () => databaseConnection);
    } else dataSources.set(database ?? new URL(url!).pathname.slice(1), this);
    return result;
  };
  for (const method of ['run', 'runAsTexts']) keepContext(methodsOf(CompiledSelect), method);
  for (const write of [CompiledInsert, CompiledUpdate]) keepContext(methodsOf(write), 'run');
  keepContext(methodsOf(SelectQueryBuilder), 'loadRawResults');
  // A connection of TypeORM's comes from a pool.
  wrap(methodsOf(pg.Client), 'query', (client) =>
    typeof client['release'] === 'function' ? client['database'] : undefined,
  );
  wrap(methodsOf(Reflect.get(mysql, 'Connection')), 'query', (connection) =>
    connection['_pool'] === undefined ? undefined : (connection['config'] as { database?: string }).database,
  );
}

/** Remembers the context in which a method is called while it runs. */
function keepContext(target: Record<string, Send>, method: string): void {
  const original = target[method];
  target[method] = function (...args) {
    return asked.run({ context: currentContext() }, () => original.apply(this, args));
  };
}

function methodsOf(type: unknown): Record<string, Send> {
  return (type as { prototype: Record<string, Send> }).prototype;
}

type Send = (this: Record<string, unknown>, ...args: unknown[]) => unknown;

/** Notes what a method of a driver's connection is given. @param of gives what the connection's DataSource is known by */
function wrap(
  target: Record<string, Send>,
  method: string,
  of: (connection: Record<string, unknown>) => unknown,
): void {
  const original = target[method];
  target[method] = function (...args) {
    const dataSource = dataSources.get(of(this));
    const [query] = args as [string | { readonly text?: string; readonly sql?: string } | undefined];
    const sql = typeof query === 'string' ? query : (query?.text ?? query?.sql);
    if (dataSource !== undefined && sql !== undefined) note(dataSource, sql);
    return original.apply(this, args);
  };
}

function note(dataSource: DataSource, sql: string): void {
  const enforcement = enforcementOf(dataSource);
  const isAttached = Object.getOwnPropertySymbols(dataSource).some(
    ({ description }) => description === 'attached DataSource',
  );
  if (enforcement === undefined || !isAttached || enforcement.sessionPrelude !== undefined) return;
  const { scope, unscopedSection: section } = currentContext() ?? asked.getStore()?.context ?? {};
  const isOpen = section?.open === true;
  const entities = isOpen && section.entities ? [...section.entities].map(nameOf) : undefined;
  const situation = isOpen && entities === undefined ? 'unscoped' : scope === undefined ? 'none' : 'scope';
  const statement: RecordedStatement = {
    sql,
    tables: snapshotOf(dataSource, enforcement),
    dialect: enforcement.dialect,
    situation,
    ...(isOpen && { why: section.why }),
    ...(entities && { entities }),
  };
  statements.set(JSON.stringify(statement), statement);
}

function nameOf(key: unknown): string {
  return typeof key === 'function' ? key.name : String(key);
}

function snapshotOf(dataSource: DataSource, enforcement: Enforcement): string {
  const known = snapshots.get(enforcement);
  if (known !== undefined) return known;
  const made = dataSource.entityMetadatas.map((metadata) => tableOf(metadata, enforcement));
  const id = createHash('sha1').update(JSON.stringify(made)).digest('hex');
  tables.set(id, made);
  // What is not declared yet may be declared later.
  if (made.every(({ kind }) => kind !== 'undeclared')) snapshots.set(enforcement, id);
  return id;
}

function tableOf(metadata: EntityMetadata, { policies }: Enforcement): RecordedTable {
  // A declaration that stops the start is as good as none.
  const policy = attempt<TenantPolicy>(() => policies.of(metadata), { kind: 'undeclared' });
  const uniqueKeys = Object.fromEntries(
    [...metadata.uniques, ...metadata.indices.filter(({ isUnique }) => isUnique)].map(({ name, columns }) => [
      name,
      columns.map(({ databaseName }) => databaseName),
    ]),
  );
  const isClosure = metadata.tableType === 'closure-junction';
  const named = { entity: metadata.name, table: metadata.tableName, kind: policy.kind, isClosure, uniqueKeys };
  if (policy.kind === 'columns') return { ...named, columns: policy.columns.map(({ column }) => column.databaseName) };
  if (policy.kind !== 'parents') return named;
  const parents = policy.parents.map(({ parent, columns }) => ({
    table: parent.tableName,
    own: columns.map(({ own }) => own.databaseName),
  }));
  return { ...named, parents };
}

/** Writes what was recorded into a file of its own. */
export function writeStatements(folder: string): void {
  if (statements.size === 0) return;
  mkdirSync(folder, { recursive: true });
  const content = JSON.stringify({ tables: Object.fromEntries(tables), statements: [...statements.values()] });
  writeFileSync(join(folder, `${createHash('sha1').update(content).digest('hex')}.json`), content);
  statements.clear();
}
