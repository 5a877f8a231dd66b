import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { accessCacheKey, accessPlanKey } from '../policy/access.js';
import type { ForeignKeyLookup, UnscopedWriteCheck } from '../writes/foreign-keys.js';
import { PolicyRegistry } from '../policy/policy-registry.js';
import { KeyCatalog } from '../execution/key-catalog.js';
import { TriggerCatalog } from '../execution/trigger-catalog.js';
import type { StatementObserver } from '../execution/statement-observer.js';
import { PreparedStatementNames } from '../execution/prepared-statement-names.js';
import type { RowOrder } from '../writes/returned-rows.js';
import { currentBuildContext } from '../writes/statement-context.js';
import type { BuiltInsert } from '../writes/statement-context.js';
import { constantOf, isOwnParameter, scopeKeyOf, scopeValue } from '../policy/scope-parameters.js';
import { ConnectionMutex } from '../execution/connection-mutex.js';
import { bindParameters, toDriverValue, toPositional, parseNamedParameters } from '../sql/parameter-binding.js';
import type { BoundStatement, PositionalSql, ParameterizedSql } from '../sql/parameter-binding.js';
import { requireDialect } from '../policy/dialect.js';
import { StatementCache } from '../sql/statement-cache.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import { BuiltSqlVerifier } from './built-sql.verifier.js';
import { declarationsVersion } from '../../tenancy/metadata/entity-tenancy.registry.js';
import { tenancyOfEntity } from '../policy/policy-compiler.js';
import { getRowLevelSecurity } from '../row-security/row-security-options.js';
import { SessionPrelude } from '../row-security/session-prelude.js';
import { RawSqlVerifier } from './raw-sql.verifier.js';
import { TenantColumnLimits } from '../policy/tenant-column-limits.js';

const NONE: readonly never[] = [];

/** A statement that a query builder built and that was verified. */
export interface VerifiedStatement {
  readonly sql: string;
  /** The access context in which it was built: it may only be sent in the same one. */
  readonly accessKey: string;
  readonly lookups: readonly ForeignKeyLookup[];
  readonly unscoped: readonly UnscopedWriteCheck[];
  /** A copy of the parameters: code that holds the array could put another tenant's key into it. */
  readonly parameters: readonly unknown[];
  /** The entities that it writes. */
  readonly writes: readonly EntityMetadata[];
  readonly isSelect: boolean;
  /** The order of the rows that it returns, for an insert of several rows. */
  readonly returned: RowOrder | undefined;
  readonly by: Enforcement;
}

/** The cached parts of a text with named parameters. */
interface StatementText {
  readonly template: ParameterizedSql;
  /** The text with the driver's placeholders; undefined if it depends on the values. */
  readonly placed: PositionalSql | undefined;
  readonly isSelect: boolean;
}

/** Returns its argument from the constructor, so that a subclass defines its private fields on that object. */
class ReturnOverride {
  constructor(object: object) {
    return object;
  }
}

/**
 * Marks an array of parameters with the verified statement. TypeORM creates the array for each statement and passes it
 * to the query runner, which must receive the same array, not a copy. The mark is a private field: code outside of this
 * class cannot read, copy or forge it. Unlike a WeakMap it adds no work for the garbage collector.
 */
class VerifiedTag extends ReturnOverride {
  #statement: VerifiedStatement;

  private constructor(parameters: unknown[], statement: VerifiedStatement) {
    super(parameters);
    this.#statement = statement;
  }

  static set(parameters: unknown[], statement: VerifiedStatement): void {
    new VerifiedTag(parameters, statement);
  }

  static of(parameters: object): VerifiedStatement | undefined {
    return #statement in parameters ? parameters.#statement : undefined;
  }
}

/**
 * The verification of a text that is planned once and sent many times. Only {@link Enforcement.verifyPlan} and {@link
 * Enforcement.verifyWrite} make one.
 */
class Plan {
  constructor(
    readonly by: Enforcement,
    readonly text: string,
    /** The access context in which it was verified: it may only be sent in one of the same form. */
    readonly accessPlanKey: string,
    /** The entities that it writes. */
    readonly writes: readonly EntityMetadata[] = NONE,
  ) {}
}
/** Proof that a planned text was verified. */
export type VerifiedPlan = Plan;

/** The state that enforces the tenant scope on one DataSource. */
export class Enforcement {
  readonly dialect: SqlDialect;
  readonly policies: PolicyRegistry;
  readonly builtSql: BuiltSqlVerifier;
  readonly rawSql: RawSqlVerifier;
  readonly prepared: PreparedStatementNames;
  /** The keys of the database that the entities do not declare under their names. */
  readonly keys: KeyCatalog;
  /** The triggers of the database. */
  readonly triggers: TriggerCatalog;
  /** The limits of scope values, kept as long as the DataSource lives. */
  readonly limits: TenantColumnLimits;
  /** The mutex of the only connection, if all query runners share one (SQLite). */
  readonly connection: ConnectionMutex | undefined;
  /** Observes the statements; undefined unless the application logs or records them. */
  observer: StatementObserver | undefined;
  private prelude: SessionPrelude | undefined;
  /** Whether a tenant-scoped entity is declared, as of a number of declarations. */
  private scopedAsOf: { readonly version: number; readonly hasScoped: boolean } | undefined;
  /** The patched TypeORM methods, each with a check that the patch is still in effect. */
  private readonly patches: { readonly method: string; readonly isKept: () => boolean }[] = [];
  private readonly texts = new StatementCache<StatementText>();

  constructor(readonly dataSource: DataSource) {
    this.dialect = requireDialect(dataSource);
    this.policies = new PolicyRegistry(dataSource);
    this.builtSql = new BuiltSqlVerifier(this.policies, this.dialect);
    this.rawSql = new RawSqlVerifier(this.policies, this.dialect);
    this.prepared = new PreparedStatementNames(dataSource);
    this.keys = new KeyCatalog(dataSource, this.dialect);
    this.triggers = new TriggerCatalog(dataSource, this.dialect);
    this.limits = new TenantColumnLimits(dataSource, (metadata) => this.policies.of(metadata));
    // SQLite's drivers return the same query runner to every caller.
    this.connection = this.dialect === 'sqlite' ? new ConnectionMutex() : undefined;
  }

  /** What row-level security needs before each statement; undefined if it is off. */
  get sessionPrelude(): SessionPrelude | undefined {
    if (getRowLevelSecurity() === undefined || this.dialect !== 'postgres' || !this.hasScopedEntities())
      return undefined;
    return (this.prelude ??= new SessionPrelude(this.prepared));
  }

  private hasScopedEntities(): boolean {
    const version = declarationsVersion();
    if (this.scopedAsOf?.version !== version) {
      const { entityMetadatas } = this.dataSource;
      const hasScoped = entityMetadatas.some((metadata) => tenancyOfEntity(metadata)?.kind === 'scoped');
      this.scopedAsOf = { version, hasScoped };
    }
    return this.scopedAsOf.hasScoped;
  }

  /**
   * Records a patched method.
   *
   * @param isKept calls the method and returns whether its result is still enforced
   */
  recordPatch(method: string, isKept: () => boolean): void {
    this.patches.push({ method, isKept });
  }

  /**
   * Returns the names of patched methods that were replaced without being called. A wrapper that calls the patched
   * method is accepted.
   */
  findOverwrittenPatches(): string[] {
    return this.patches
      .filter(({ isKept }) => {
        try {
          return !isKept();
        } catch {
          return true;
        }
      })
      .map(({ method }) => method);
  }

  /**
   * Verifies a built statement and binds its named parameters. Every builder's statement passes here, TypeORM's own
   * paging statements included.
   *
   * @throws StatementRefusedError or TenantScopeMissingError if a table in it is not limited to the scope
   */
  bindVerified(sql: string, parameters: ObjectLiteral): BoundStatement {
    const rendering = currentBuildContext();
    try {
      this.builtSql.verify(sql, rendering?.inserts ?? NONE);
    } catch (error) {
      this.observer?.refused(error);
      throw error;
    }
    const text = this.parsedText(sql);
    const bound = this.bound(text, parameters);
    VerifiedTag.set(bound[1], {
      sql: bound[0],
      // Subscribers and loggers receive the bound array before it is sent, so the copy is frozen.
      parameters: Object.freeze([...bound[1]]),
      accessKey: accessCacheKey(),
      lookups: rendering?.lookups ?? NONE,
      unscoped: rendering?.unscoped ?? NONE,
      writes: rendering?.writes ?? NONE,
      isSelect: text.isSelect,
      returned: rendering?.returned,
      by: this,
    });
    return bound;
  }

  /**
   * Verifies a text with named parameters, for a statement that is planned once.
   *
   * @param text the text with named parameters
   * @param sent the text with the driver's placeholders
   * @throws StatementRefusedError or TenantScopeMissingError if a table in it is not limited to the scope
   */
  verifyPlan(text: string, sent: string): VerifiedPlan {
    this.builtSql.verify(text, NONE);
    return new Plan(this, sent, accessPlanKey());
  }

  /**
   * Verifies a text with named parameters that writes one row of an entity, like {@link verifyPlan}.
   *
   * @param metadata the written entity
   * @param insert the insert in the text, whose tenant columns are set from the scope
   */
  verifyWrite(text: string, sent: string, metadata: EntityMetadata, insert: BuiltInsert | undefined): VerifiedPlan {
    this.builtSql.verify(text, insert === undefined ? NONE : [insert]);
    return new Plan(this, sent, accessPlanKey(), [metadata]);
  }

  /** Checks that a plan was verified for this DataSource and text, and in an access context of the current form. */
  isVerifiedPlan(plan: VerifiedPlan | undefined, text: string): plan is VerifiedPlan {
    return plan instanceof Plan && plan.by === this && plan.text === text && plan.accessPlanKey === accessPlanKey();
  }

  private bound({ template, placed }: StatementText, parameters: ObjectLiteral): BoundStatement {
    if (placed === undefined || !placed.names.every((name) => this.isGiven(name, parameters)))
      return bindParameters(template, this.dialect, (name) =>
        this.isGiven(name, parameters) ? { value: this.valueOf(name, parameters) } : undefined,
      );
    return [placed.sql, placed.names.map((name) => this.parameterValue(name, parameters))];
  }

  private isGiven(name: string, parameters: ObjectLiteral): boolean {
    return isOwnParameter(name) || Object.hasOwn(parameters, name);
  }

  /** Returns a parameter's value in the form that the driver accepts. */
  parameterValue(name: string, parameters: ObjectLiteral): unknown {
    return toDriverValue(this.valueOf(name, parameters), this.dialect);
  }

  /**
   * Returns a parameter's value. Scope parameters always come from the current scope, even if the caller has set them.
   */
  private valueOf(name: string, parameters: ObjectLiteral): unknown {
    const key = scopeKeyOf(name);
    if (key !== undefined) return scopeValue(key, currentContext()?.scope, this.dialect);
    return constantOf(name) ?? parameters[name];
  }

  private parsedText(sql: string): StatementText {
    return this.texts.getOrCreate(sql, () => {
      const template = parseNamedParameters(sql, this.dialect);
      return { template, placed: toPositional(template, this.dialect), isSelect: sql.startsWith('SELECT ') };
    });
  }

  /**
   * Returns the verified statement of `sql` and `parameters`; undefined if either was changed, or the access context is
   * another one.
   */
  findVerified(sql: string, parameters: unknown): VerifiedStatement | undefined {
    const statement = Array.isArray(parameters) ? VerifiedTag.of(parameters) : undefined;
    if (statement?.by !== this || statement.sql !== sql || statement.accessKey !== accessCacheKey()) return undefined;
    const given = parameters as unknown[];
    const isUnchanged =
      given.length === statement.parameters.length &&
      given.every((value, i) => Object.is(value, statement.parameters[i]));
    return isUnchanged ? statement : undefined;
  }
}

const enforcements = new WeakMap<DataSource, Enforcement>();

/** Creates the enforcement of a DataSource. */
export function enforce(dataSource: DataSource): Enforcement {
  const enforcement = new Enforcement(dataSource);
  enforcements.set(dataSource, enforcement);
  return enforcement;
}

/** Returns the enforcement of a DataSource; undefined if it is not instrumented. */
export function enforcementOf(dataSource: DataSource): Enforcement | undefined {
  return enforcements.get(dataSource);
}

/**
 * Returns the enforcement of an instrumented DataSource.
 *
 * @throws StatementRefusedError if the DataSource is not instrumented
 */
export function requireEnforcement(dataSource: DataSource): Enforcement {
  const enforcement = enforcements.get(dataSource);
  if (enforcement === undefined)
    throw new StatementRefusedError('its DataSource is not initialised', 'Initialise the DataSource first.');
  return enforcement;
}
