import * as typeorm from 'typeorm';
import type { DataSource, EntityManager, ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';
import { withoutNow } from './heard.js';
import { entityOf } from './model.js';
import type { Call, Chain } from './steps.js';
import type { TenantName } from './model.js';
import type { World } from './world.js';

type Builder = SelectQueryBuilder<ObjectLiteral>;
type Marks = Readonly<Record<string, unknown>>;

/** How often each method was called, as `Repository.find`. */
export type CallCounts = Map<string, number>;

/** What a call gave or threw, without what two databases cannot have alike. */
export interface CallResult {
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * Runs calls in a tenant's scope. In their arguments an object with one of these keys represents what data cannot express:
 *
 * - `$class`: the class of an entity
 * - `$bigint`: a number of 64 bits
 * - `$op`: a find operator, `['MoreThan', 3]`; `$raw`: one of SQL text over the column
 * - `$row`: an instance of the entity's class, `{ entity, values }`
 * - `$found`: the row that `{ entity, where }` finds in the scope
 * - `$brackets`: a chain on the builder within brackets; `$sub`: a function that makes a chain on a sub-query
 * - `$in`: a condition `column IN (sub-query)`; `$query`: a builder made by a call
 * - `$runner`: a query runner; `$parts`: the texts of a template
 */
export class CallRunner {
  constructor(
    private readonly world: World,
    private readonly counts: CallCounts = new Map(),
  ) {}

  async run(tenant: TenantName, call: Call): Promise<CallResult> {
    const resolved = this.world.answers.resolve(call);
    const runners: QueryRunner[] = [];
    try {
      const value = await this.world.run(tenant, () => this.inTransaction(resolved, runners));
      return { value: plain(value) };
    } catch (error) {
      if (error instanceof RolledBack) return { value: plain(error.value) };
      const text = error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);
      // MariaDB names the database.
      return { error: text.replaceAll(/muck_test_\w+/g, 'the database') };
    } finally {
      for (const runner of runners) await runner.release();
    }
  }

  private async inTransaction(call: Call, runners: QueryRunner[]): Promise<unknown> {
    const dataSource = this.world.dataSourceOf(entityOf(this.world.model, call.entity));
    if (call.transaction === undefined) return this.start(call, dataSource, dataSource.manager, runners);
    this.count('EntityManager.transaction');
    return dataSource.manager.transaction(async (manager) => {
      const value = await this.start(call, dataSource, manager, runners);
      if (call.transaction === 'rollback') throw new RolledBack(value);
      return value;
    });
  }

  private start(call: Call, dataSource: DataSource, manager: EntityManager, runners: QueryRunner[]): Promise<unknown> {
    const type = this.classOf(call.entity);
    const target = {
      manager,
      repository: manager.getRepository(type),
      tree: call.on === 'tree' ? manager.getTreeRepository(type) : undefined,
      source: dataSource,
      record: manager.getRepository(type).extend({}),
    }[call.on];
    return this.apply(target, call.chain, manager, runners);
  }

  private async apply(target: unknown, chain: Chain, manager: EntityManager, runners: QueryRunner[]): Promise<unknown> {
    let value = target;
    for (const [method, ...args] of chain) {
      const given = [];
      for (const arg of args) given.push(await this.argument(arg, manager, runners));
      value = await this.call(value, method, given);
    }
    return collected(value);
  }

  private call(target: unknown, method: string, args: readonly unknown[]): unknown {
    const called = (target as Record<string, unknown>)[method];
    if (typeof called !== 'function')
      throw new TypeError(`${String(target?.constructor.name)} has no method ${method}`);
    for (const name of classNames(target)) this.count(`${name}.${method}`);
    return (called as (...given: readonly unknown[]) => unknown).call(target, ...args);
  }

  private count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  private classOf(name: string): new () => ObjectLiteral {
    return this.world.classes.entities.get(name)!;
  }

  private async argument(arg: unknown, manager: EntityManager, runners: QueryRunner[]): Promise<unknown> {
    if (Array.isArray(arg)) {
      const all: unknown[] = [];
      for (const one of arg) all.push(await this.argument(one, manager, runners));
      return all;
    }
    if (typeof arg !== 'object' || arg === null) return arg;
    const marks = arg as Marks;
    const [mark] = Object.keys(marks);
    if (mark?.startsWith('$')) return this.marked(mark, marks, manager, runners);
    const entries: [string, unknown][] = [];
    for (const [key, one] of Object.entries(arg)) entries.push([key, await this.argument(one, manager, runners)]);
    return Object.fromEntries(entries);
  }

  private async marked(mark: string, marks: Marks, manager: EntityManager, runners: QueryRunner[]): Promise<unknown> {
    const value = marks[mark];
    switch (mark) {
      case '$class':
        return this.classOf(value as string);
      case '$op': {
        const [name, ...args] = (await this.argument(value, manager, runners)) as [string, ...unknown[]];
        const operators = typeorm as unknown as Record<string, (...given: unknown[]) => unknown>;
        return operators[name](...args);
      }
      case '$bigint':
        return BigInt(value as string);
      case '$raw':
        return typeorm.Raw((alias) => (value as string).replaceAll('%', alias));
      case '$row': {
        const { entity, values } = value as { entity: string; values: object };
        const given = (await this.argument(values, manager, runners)) as object;
        return Object.assign(new (this.classOf(entity))(), given);
      }
      case '$found': {
        const { entity, where } = value as { entity: string; where: object };
        const found = await manager.findOneBy(this.classOf(entity), where);
        return found ?? manager.create(this.classOf(entity), where);
      }
      case '$brackets':
        return new typeorm.Brackets((builder) => void this.applySync(builder, value as Chain));
      case '$sub':
        return (builder: Builder) => this.applySync(builder, value as Chain);
      case '$in': {
        const { column, chain } = value as { column: string; chain: Chain };
        return (builder: Builder) =>
          `${column} IN ${(this.applySync(builder.subQuery(), chain) as Builder).getQuery()}`;
      }
      case '$query':
        return this.apply(manager, value as Chain, manager, runners);
      case '$runner': {
        const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
        if (manager.queryRunner === undefined) runners.push(runner);
        return runner;
      }
      case '$parts':
        return Object.assign([...(value as string[])], { raw: value });
      default:
        throw new TypeError(`${mark} has no meaning`);
    }
  }

  /** Sub-queries and brackets are made by functions that cannot wait: their arguments are plain, or classes. */
  private applySync(target: unknown, chain: Chain): unknown {
    return chain.reduce<unknown>((value, [method, ...args]) => {
      const given = args.map((arg) =>
        typeof arg === 'object' && arg !== null && '$class' in arg
          ? this.classOf((arg as Marks)['$class'] as string)
          : arg,
      );
      return this.call(value, method, given);
    }, target);
  }
}

/** Undoes a transaction, and carries what was read in it. */
class RolledBack extends Error {
  constructor(readonly value: unknown) {
    super('rolled back');
  }
}

const CLASSES = ['EntityManager', 'Repository', 'TreeRepository', 'DataSource', 'QueryBuilder'];

/** The names of TypeORM's classes that an object is an instance of. */
function classNames(target: unknown): string[] {
  const names: string[] = [];
  for (
    let at = Object.getPrototypeOf(target) as object | null;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const { name } = at.constructor;
    const stock = /^(?:Scoped|Guarded)?(.+)$/.exec(name)?.[1] ?? name;
    if (CLASSES.includes(stock) || stock.endsWith('QueryBuilder')) names.push(stock);
  }
  return [...new Set(names)];
}

/** The rows of a stream; anything else as it is. */
async function collected(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return value;
  const rows: unknown[] = [];
  for await (const row of value as AsyncIterable<unknown>) rows.push(row);
  return rows;
}

/** A result as data: lists in a steady order, moments of today and builders by a word. */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  // Raw rows of SQLite and MariaDB have moments as texts.
  if (typeof value === 'string') return withoutNow(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 12) return 'deeper';
  if (value instanceof Date) return Math.abs(value.getTime() - Date.now()) < 86_400_000 ? 'now' : value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (classNames(value).length > 0) return 'an object of TypeORM';
  if (Array.isArray(value)) {
    const all = value.map((one) => plain(one, depth + 1));
    return all
      .map((one) => [JSON.stringify(one) ?? 'undefined', one] as const)
      .sort(byText)
      .map(([, one]) => one);
  }
  const name = Object.getPrototypeOf(value) === null ? 'Object' : value.constructor.name;
  const entries = Object.entries(value)
    .map(([key, one]) => [key, plain(one, depth + 1)] as const)
    .sort(byText);
  return { ...(name !== 'Object' && { $: name }), ...Object.fromEntries(entries) };
}

function byText([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
