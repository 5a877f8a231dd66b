import { QueryFailedError } from 'typeorm';
import type { DataSource, EntityManager, EntityMetadata } from 'typeorm';
import { BoundedCache } from '../common/bounded-cache.js';
import type { ColumnMetadata } from '../common/peer-internals.js';
import { StatementRefusedError } from '../errors/statement-refused.error.js';
import type { NamedParameters, RawRow } from './compiled-select.js';
import { requireEnforcement } from './enforcement/enforcement.js';
import type { Enforcement, VerifiedPlan } from './enforcement/enforcement.js';
import { canBypassQueryRunner } from './execution/postgres-executor.js';
import type { WriteKind } from './execution/trigger-catalog.js';
import { execute } from './guards/execute-statement.js';
import { connectionOf, isGuardedRunner } from './guards/query-runner.guard.js';
import { exclusiveScope } from './policy/access.js';
import { parseNamedParameters, toPositional } from './sql/parameter-binding.js';
import { isPlainTable } from './writes/plain-table.js';
import type { LiveReference } from './writes/reference-conditions.js';
import type { BuiltInsert } from './writes/statement-context.js';

/** Maximum number of texts per statement of one row. */
const MAX_TEXTS = 50;
/** A text is prepared under a name after this many runs, and at most so many texts of one statement. */
const PREPARE_THRESHOLD = 2;
const MAX_PREPARED = 10;

/** A column that a write returns, and its name in the returned row. */
export interface ReturnedColumn {
  readonly column: ColumnMetadata;
  readonly name: string;
}

/** The options of a compiled write. */
export interface CompiledWriteParts {
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly returned: readonly ReturnedColumn[];
  /** The columns that must not reference a soft-deleted row. */
  readonly live: readonly LiveReference[];
}

/** A text of a write and its verification. */
interface PlannedText {
  readonly sql: string;
  /** The parameters, in the order of their placeholders. */
  readonly names: readonly string[];
  readonly verified: VerifiedPlan;
  runs: number;
  name: string | undefined;
}

/** The text of a write with named parameters. */
export interface WriteText {
  readonly text: string;
  /** The insert in the text whose tenant columns are set from the scope. */
  readonly insert?: BuiltInsert;
}

/**
 * A write that is rendered and verified once for each set of columns, and run for any tenant. It returns the
 * rows as they are stored.
 *
 * It writes only if that gives the same as TypeORM's builder, and tells otherwise: then the builder writes the rows, or
 * throws the error that says why they must not be written. This class decides that, by the
 * entity (see {@link isPlainTable}), the triggers of its table, the scope and the values.
 */
export abstract class CompiledWrite {
  private readonly texts: BoundedCache<string, PlannedText | 'none'>;
  private prepared = 0;
  private isPlain: boolean | undefined;

  /** @param maxTexts the maximum number of texts that are kept, one for each set of columns that callers write */
  constructor(
    protected readonly parts: CompiledWriteParts,
    maxTexts = MAX_TEXTS,
  ) {
    this.texts = new BoundedCache(maxTexts);
  }

  /** The kind of statement whose RETURNING the database must support. */
  protected abstract readonly kind: WriteKind;

  /**
   * Checks whether the scope and the entity allow the write, whatever its values.
   *
   * @param manager the entity manager of the transaction
   */
  protected async isPossible(manager: EntityManager): Promise<boolean> {
    const { dataSource, metadata } = this.parts;
    const enforcement = requireEnforcement(dataSource);
    const { policies, triggers } = enforcement;
    // Unscoped sections compare tenants row by row.
    if (exclusiveScope() === undefined || !dataSource.driver.isReturningSqlSupported(this.kind)) return false;
    if (enforcement.dialect === 'postgres' && !canBypassQueryRunner(enforcement)) return false;
    this.isPlain ??= isPlainTable(metadata, policies);
    if (!this.isPlain) return false;
    const transaction = manager.queryRunner?.isTransactionActive === true ? manager.queryRunner : undefined;
    return triggers.showsStoredRows(policies.table(metadata), this.kind, transaction);
  }

  /**
   * Runs the write.
   *
   * @param key identifies the text among those of this statement
   * @param render returns the text; undefined if the builder has to write such a row
   * @returns the written rows; undefined if none was written
   */
  protected async write(
    key: string,
    render: (enforcement: Enforcement) => WriteText | undefined,
    values: NamedParameters,
    manager: EntityManager,
  ): Promise<readonly RawRow[] | undefined> {
    const enforcement = requireEnforcement(this.parts.dataSource);
    let planned = this.texts.get(key);
    enforcement.observer?.planned(planned !== undefined);
    if (planned === undefined) this.texts.set(key, (planned = this.plan(enforcement, render(enforcement)) ?? 'none'));
    if (planned === 'none') return undefined;
    const bound = planned.names.map((name) => enforcement.parameterValue(name, values));
    try {
      const rows = await this.send(planned, bound, enforcement, manager);
      return rows.length === 0 ? undefined : rows;
    } catch (error) {
      if (!isUnsupported(error) || manager.queryRunner?.isTransactionActive === true) throw error;
      // A distributed database, or one whose columns have other types than the entity's, may not plan the text.
      this.texts.set(key, 'none');
      return undefined;
    }
  }

  /** Renders the list of returned columns. */
  protected returning(): string {
    const { driver } = this.parts.dataSource;
    const columns = this.parts.returned.map(
      ({ column, name }) => `${driver.escape(column.databaseName)} AS ${driver.escape(name)}`,
    );
    return columns.join(', ');
  }

  private plan(enforcement: Enforcement, rendered: WriteText | undefined): PlannedText | undefined {
    if (rendered === undefined) return undefined;
    const { text, insert } = rendered;
    const placed = toPositional(parseNamedParameters(text, enforcement.dialect), enforcement.dialect);
    // No parameter of these texts is a list.
    const { sql, names } = placed!;
    try {
      const verified = enforcement.verifyWrite(text, sql, this.parts.metadata, insert);
      return { sql, names, verified, runs: 0, name: undefined };
    } catch (error) {
      // The builder's text may pass, e.g. where a table has the name of a column.
      if (error instanceof StatementRefusedError) return undefined;
      throw error;
    }
  }

  private async send(
    planned: PlannedText,
    values: unknown[],
    enforcement: Enforcement,
    manager: EntityManager,
  ): Promise<readonly RawRow[]> {
    const { dataSource } = this.parts;
    const statement = { text: planned.sql, values, plan: planned.verified, name: this.nameOf(planned, enforcement) };
    if (manager.queryRunner !== undefined || enforcement.dialect === 'postgres') {
      const connection = manager.queryRunner && connectionOf(manager.queryRunner);
      return (await execute(statement, enforcement, connection)) as readonly RawRow[];
    }
    const runner = dataSource.createQueryRunner('master');
    try {
      return isGuardedRunner(runner)
        ? ((await execute(statement, enforcement, connectionOf(runner))) as readonly RawRow[])
        : [];
    } finally {
      await runner.release();
    }
  }

  private nameOf(planned: PlannedText, enforcement: Enforcement): string | undefined {
    planned.runs += 1;
    const isNamed = planned.name !== undefined;
    if (!isNamed && (planned.runs <= PREPARE_THRESHOLD || this.prepared >= MAX_PREPARED)) return undefined;
    if (!isNamed) this.prepared += 1;
    return (planned.name = enforcement.prepared.nameFor(planned.sql));
  }
}

/**
 * Checks for an error of a text that the database cannot plan, so that it has run nothing: SQLSTATE class 0A or 42. A
 * privilege may be granted later, and a trigger may raise such an error for one row.
 */
function isUnsupported(error: unknown): boolean {
  if (!(error instanceof QueryFailedError)) return false;
  const { code, sqlState, where } = error.driverError as Readonly<Record<'code' | 'sqlState' | 'where', unknown>>;
  if (where !== undefined || code === '42501') return false;
  return [code, sqlState].some((state) => typeof state === 'string' && /^(?:0A|42)[\dA-Z]{3}$/.test(state));
}
