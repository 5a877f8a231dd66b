import type { DataSource, EntityManager, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { StatementRefusedError } from '../errors/statement-refused.error.js';
import { accessPlanKey } from './policy/access.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement, VerifiedPlan } from './enforcement/enforcement.js';
import { canBypassQueryRunner } from './execution/postgres-executor.js';
import type { TextRows } from './execution/postgres-query.js';
import { isOwnParameter } from './policy/scope-parameters.js';
import { toPositional, parseNamedParameters } from './sql/parameter-binding.js';
import type { PositionalSql } from './sql/parameter-binding.js';
import { execute } from './guards/execute-statement.js';
import type { Statement } from './guards/execute-statement.js';
import { connectionOf } from './guards/query-runner.guard.js';

/** A row as the driver returns it, by the aliases of the selection. */
export type RawRow = Readonly<Record<string, unknown>>;

/** Values of a statement's parameters, by name. */
export type NamedParameters = Readonly<Record<string, unknown>>;

/** The options of a {@link CompiledSelect}. */
export interface ScopedStatementParts {
  readonly dataSource: DataSource;
  /** Builds the select. Its named parameters become the statement's parameters, and need no values here. */
  readonly build: () => SelectQueryBuilder<ObjectLiteral>;
  /**
   * The number of rows to read, or 'slots' for two more parameters, `limit` and `offset`. Reads all rows by default.
   */
  readonly limit?: number | 'slots';
}

/**
 * A statement is prepared under a name after this many runs: preparing a statement that runs once costs more than it
 * saves.
 */
const PREPARE_THRESHOLD = 2;

/**
 * A select that is built once and run for any tenant. Its text has named parameters, and those of the tenant scope are
 * filled from the current scope. Code above this layer never holds a tenant's parameter.
 *
 * @example
 * const build = () => tickets.createQueryBuilder('t').where('t.status = :status');
 * const rows = await new CompiledSelect({ dataSource, build }).run({ status: 'open' });
 */
export class CompiledSelect {
  /** The compiled statements by access context: in a scope, or in an unscoped section for some entities. */
  private readonly plans = new Map<string, CompiledStatement>();

  constructor(private readonly parts: ScopedStatementParts) {}

  /**
   * Runs the select in the current scope.
   *
   * @param slots the values of its parameters, by name
   * @param manager the entity manager of the transaction; the DataSource's own by default
   * @param isForJson whether timestamps may be returned as ISO strings, which is faster
   * @throws TenantScopeMissingError if a tenant-scoped entity is read and there is no current scope
   * @throws TenantScopeViolationError if the transaction belongs to another scope
   */
  async run(slots: NamedParameters, manager?: EntityManager, isForJson = false): Promise<RawRow[]> {
    return (await this.send(slots, manager, { isForJson })) as RawRow[];
  }

  /**
   * Runs the select like {@link run}, and leaves its rows as PostgreSQL has sent them.
   *
   * @returns rows as objects where the driver parses them itself, or statements need a query runner
   */
  runAsTexts(slots: NamedParameters, manager?: EntityManager): Promise<TextRows | RawRow[]> {
    return this.send(slots, manager, { asTexts: true });
  }

  private async send(
    slots: NamedParameters,
    manager: EntityManager = this.parts.dataSource.manager,
    form: Pick<Statement, 'isForJson' | 'asTexts'>,
  ): Promise<TextRows | RawRow[]> {
    const enforcement = requireEnforcement(this.parts.dataSource);
    const plan = this.plan(enforcement);
    assertParameters(plan, slots);
    const { placed } = plan;
    if (placed === undefined || !canBypassQueryRunner(enforcement)) return this.runOnRunner(plan, slots, manager);
    const { sql: text, names, verified } = placed;
    const values = names.map((name) => enforcement.parameterValue(name, slots));
    plan.runs += 1;
    const name = plan.runs > PREPARE_THRESHOLD ? enforcement.prepared.nameFor(text) : undefined;
    const connection = manager.queryRunner && connectionOf(manager.queryRunner);
    const sent = execute({ text, values, plan: verified, name, ...form }, enforcement, connection);
    return (await sent) as TextRows | RawRow[];
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
    enforcement.observer?.planned(plan !== undefined);
    if (plan === undefined) this.plans.set(form, (plan = this.makePlan(enforcement)));
    return plan;
  }

  private makePlan(enforcement: Enforcement): CompiledStatement {
    const { dialect } = enforcement;
    const select = this.parts.build();
    const text = select.getQuery() + limitSql(this.parts.limit);
    const template = parseNamedParameters(text, dialect);
    const placed = toPositional(template, dialect);
    const verified = enforcement.verifyPlan(text, placed?.sql ?? text);
    return {
      text,
      slots: template.parameters.map(({ name }) => name).filter((name) => !isOwnParameter(name)),
      placed: placed && { ...placed, verified },
      runs: 0,
    };
  }
}

interface CompiledStatement {
  readonly text: string;
  /** The parameters that the caller of `run()` must set. */
  readonly slots: readonly string[];
  /** The text with the driver's placeholders; undefined if it depends on the values. */
  readonly placed: (PositionalSql & { readonly verified: VerifiedPlan }) | undefined;
  runs: number;
}

function limitSql(cut: ScopedStatementParts['limit']): string {
  if (cut === undefined) return '';
  return cut === 'slots' ? ' LIMIT :limit OFFSET :offset' : ` LIMIT ${cut}`;
}

/**
 * Throws if a parameter is missing. Parameters set on the builder would be reused for every later caller, so all of
 * them must be passed to run().
 */
function assertParameters({ slots }: CompiledStatement, given: NamedParameters): void {
  const open = slots.find((name) => !Object.hasOwn(given, name));
  if (open !== undefined) throw new StatementRefusedError(`its parameter ${open} has no value`, 'Pass one to run().');
}
