import type { DataSource, EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { StatementRefusedError } from '../errors/statement-refused.error.js';
import { accessPlanKey } from './policy/access.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement } from './enforcement/enforcement.js';
import { executeSelect, canBypassQueryRunner } from './execution/postgres-executor.js';
import { isOwnParameter } from './policy/scope-parameters.js';
import { toPositional, parseNamedParameters } from './sql/parameter-binding.js';
import type { PositionalSql } from './sql/parameter-binding.js';
import { assertTransactionScope } from './guards/query-runner.guard.js';

/** A row as the driver gives it, by the names of the selection. */
export type RawRow = Readonly<Record<string, unknown>>;

/** Values of a statement's parameters, by name. */
export type NamedParameters = Readonly<Record<string, unknown>>;

/** What a {@link CompiledSelect} is made of. */
export interface ScopedStatementParts {
  readonly dataSource: DataSource;
  /** Makes the select. Its named parameters are the statement's slots: they need no values here. */
  readonly build: () => SelectQueryBuilder<ObjectLiteral>;
  /** How many rows it reads, or 'slots' for two more slots, `limit` and `offset`; all rows by default. */
  readonly limit?: number | 'slots';
}

/** How often a statement is run before the server is asked to keep it: what is asked once is not worth keeping. */
const PREPARE_THRESHOLD = 2;

/**
 * A select that is planned once and run for any tenant: its text has slots for values, those of the tenant scope included, which it fills
 * itself from the scope in force. Nothing above this layer ever holds a tenant's parameter.
 *
 * @example
 * const statement = new ScopedStatement({ dataSource, build: () => tickets.createQueryBuilder('t').where('t.status = :status') });
 * const rows = await statement.run({ status: 'open' });
 */
export class CompiledSelect {
  /** Its text in each situation in which it means different rows: within a scope, or in a section that exempts some entities. */
  private readonly plans = new Map<string, CompiledStatement>();

  constructor(private readonly parts: ScopedStatementParts) {}

  /**
   * Runs it within the scope in force.
   *
   * @param slots the values of its parameters, by name
   * @param manager of the transaction that it belongs to; the DataSource's own by default
   * @param isForJson whether instants may come in the form that they have in JSON, which is quicker
   * @throws TenantScopeMissingError when a scoped entity is read and no scope is in force
   * @throws TenantScopeViolationError when the transaction belongs to another scope
   */
  async run(
    slots: NamedParameters,
    manager: EntityManager = this.parts.dataSource.manager,
    isForJson = false,
  ): Promise<RawRow[]> {
    const enforcement = requireEnforcement(this.parts.dataSource);
    const plan = this.plan(enforcement);
    assertParameters(plan, slots);
    const { placed } = plan;
    if (placed === undefined || !canBypassQueryRunner(enforcement)) return this.runOnRunner(plan, slots, manager);
    const runner = manager.queryRunner;
    if (runner !== undefined) assertTransactionScope(runner);
    const values = placed.names.map((name) => enforcement.parameterValue(name, slots));
    plan.runs += 1;
    const name = plan.runs > PREPARE_THRESHOLD ? enforcement.prepared.nameFor(placed.sql) : undefined;
    return await executeSelect(enforcement, { text: placed.sql, values, name, isForJson }, runner);
  }

  private async runOnRunner(
    { text }: CompiledStatement,
    slots: NamedParameters,
    manager: EntityManager,
  ): Promise<RawRow[]> {
    const { dataSource } = this.parts;
    const [sql, parameters] = dataSource.driver.escapeQueryWithParameters(text, slots);
    const runner = manager.queryRunner ?? dataSource.createQueryRunner(dataSource.defaultReplicationModeForReads());
    try {
      return (await runner.query(sql, parameters)) as RawRow[];
    } finally {
      if (runner !== manager.queryRunner) await runner.release();
    }
  }

  private plan(enforcement: Enforcement): CompiledStatement {
    const form = accessPlanKey();
    let plan = this.plans.get(form);
    if (plan === undefined) this.plans.set(form, (plan = this.makePlan(enforcement)));
    return plan;
  }

  private makePlan({ audit, dialect }: Enforcement): CompiledStatement {
    const select = this.parts.build();
    const text = select.getQuery() + limitSql(this.parts.limit);
    audit.verifyBuilt(text, []);
    const template = parseNamedParameters(text, dialect);
    const placed = toPositional(template, dialect);
    return {
      text,
      slots: template.parameters.map(({ name }) => name).filter((name) => !isOwnParameter(name)),
      placed,
      runs: 0,
    };
  }
}

interface CompiledStatement {
  readonly text: string;
  /** The parameters that whoever runs it has to give a value. */
  readonly slots: readonly string[];
  /** With the driver's placeholders put in; undefined where the text depends on the values. */
  readonly placed: PositionalSql | undefined;
  runs: number;
}

function limitSql(cut: ScopedStatementParts['limit']): string {
  if (cut === undefined) return '';
  return cut === 'slots' ? ' LIMIT :limit OFFSET :offset' : ` LIMIT ${cut}`;
}

/** What a builder's maker has set is of whoever came first: it is for no one else. */
function assertParameters({ slots }: CompiledStatement, given: NamedParameters): void {
  const open = slots.find((name) => !Object.hasOwn(given, name));
  if (open !== undefined) throw new StatementRefusedError(`its slot ${open} has no value`, 'Give one to run().');
}
