import { BoundedCache } from '../../common/bounded-cache.js';
import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { currentContext } from '../../tenancy/context/tenant-context.js';
import { accessCacheKey } from '../policy/access.js';
import type { ForeignKeyLookup, UnscopedWriteCheck } from '../writes/foreign-keys.js';
import { PolicyRegistry } from '../policy/policy-registry.js';
import { PreparedStatementNames } from '../execution/prepared-statement-names.js';
import { currentBuildContext } from '../writes/statement-context.js';
import { constantOf, isOwnParameter, scopeKeyOf, scopeValue } from '../policy/scope-parameters.js';
import { ConnectionMutex } from '../execution/connection-mutex.js';
import { bindParameters, toDriverValue, toPositional, parseNamedParameters } from '../sql/parameter-binding.js';
import type { BoundStatement, PositionalSql, ParameterizedSql } from '../sql/parameter-binding.js';
import { requireDialect } from '../policy/dialect.js';
import type { SqlDialect } from '../sql/tokenizer.js';
import { StatementAuditor } from './statement-auditor.js';
import { TenantColumnLimits } from '../policy/tenant-column-limits.js';

const NONE: readonly never[] = [];
/** How many statements are remembered, and how long a text may be to be. */
const REMEMBERED = 2000;
const REMEMBERED_LENGTH = 20_000;

/** A statement that a query builder made and the audit passed. */
export interface VerifiedStatement {
  readonly sql: string;
  /** In what situation it was made: it may only be sent in the same one. */
  readonly authority: string;
  readonly lookups: readonly ForeignKeyLookup[];
  readonly unscoped: readonly UnscopedWriteCheck[];
  /** The parameters as they were: whoever holds the array could put another tenant's key into it. */
  readonly parameters: readonly unknown[];
  /** The entities that it writes. */
  readonly writes: readonly EntityMetadata[];
  readonly isSelect: boolean;
  readonly by: Enforcement;
}

/** What is remembered of a text with named parameters. */
interface StatementText {
  readonly template: ParameterizedSql;
  /** With the driver's placeholders; undefined where the text depends on the values. */
  readonly placed: PositionalSql | undefined;
  readonly isSelect: boolean;
}

/** Makes whatever is handed to it the object that a subclass puts its private fields on. */
class ReturnOverride {
  constructor(object: object) {
    return object;
  }
}

/**
 * What was issued with an array of parameters, which TypeORM makes anew for each statement and hands on to the query runner. A private field
 * of the array's own: nothing outside this class can read, copy or forge it, and unlike a WeakMap it costs the garbage collector nothing.
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

/** Everything that keeps one DataSource inside the tenant scope. */
export class Enforcement {
  readonly dialect: SqlDialect;
  readonly policies: PolicyRegistry;
  readonly audit: StatementAuditor;
  readonly prepared: PreparedStatementNames;
  /** Holds what scope values must fit for as long as the DataSource lives. */
  readonly limits: TenantColumnLimits;
  /** The only connection of the database, if its query runners share one. */
  readonly connection: ConnectionMutex | undefined;
  /** The methods that attaching has put over TypeORM's own ones, and how to see that each still does its part. */
  private readonly patches: { readonly method: string; readonly isKept: () => boolean }[] = [];
  private readonly texts = new BoundedCache<string, StatementText>(REMEMBERED);

  constructor(readonly dataSource: DataSource) {
    this.dialect = requireDialect(dataSource);
    this.policies = new PolicyRegistry(dataSource);
    this.audit = new StatementAuditor(this.policies, this.dialect);
    this.prepared = new PreparedStatementNames(dataSource);
    this.limits = new TenantColumnLimits(dataSource, (metadata) => this.policies.of(metadata));
    // The drivers of SQLite give everybody the same query runner.
    this.connection = this.dialect === 'sqlite' ? new ConnectionMutex() : undefined;
  }

  /**
   * Watches a method that has been put in place.
   *
   * @param isKept calls the method, and returns whether what it gives is still enforced
   */
  recordPatch(method: string, isKept: () => boolean): void {
    this.patches.push({ method, isKept });
  }

  /** Returns the names of methods that something has replaced since without calling them: a wrapper that calls what it wraps is none. */
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
   * Turns named parameters into the driver's. Every builder's statement passes here, TypeORM's own ones for paging too.
   *
   * @throws StatementRefusedError or TenantScopeMissingError when a table in it is not limited to the scope
   */
  bindVerified(sql: string, parameters: ObjectLiteral): BoundStatement {
    const rendering = currentBuildContext();
    this.audit.verifyBuilt(sql, rendering?.inserts ?? NONE);
    const text = this.parsedText(sql);
    const bound = this.bound(text, parameters);
    VerifiedTag.set(bound[1], {
      sql: bound[0],
      // Subscribers and loggers are handed what is sent, before it is sent.
      parameters: Object.freeze([...bound[1]]),
      authority: accessCacheKey(),
      lookups: rendering?.lookups ?? NONE,
      unscoped: rendering?.unscoped ?? NONE,
      writes: rendering?.writes ?? NONE,
      isSelect: text.isSelect,
      by: this,
    });
    return bound;
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

  /** A parameter's value as the driver takes it. */
  parameterValue(name: string, parameters: ObjectLiteral): unknown {
    return toDriverValue(this.valueOf(name, parameters), this.dialect);
  }

  /** A parameter's value: the scope's own ones come from the scope in force, whatever the caller has set. */
  private valueOf(name: string, parameters: ObjectLiteral): unknown {
    const key = scopeKeyOf(name);
    if (key !== undefined) return scopeValue(key, currentContext()?.scope, this.dialect);
    return constantOf(name) ?? parameters[name];
  }

  private parsedText(sql: string): StatementText {
    let text = this.texts.get(sql);
    if (text === undefined) {
      const template = parseNamedParameters(sql, this.dialect);
      text = { template, placed: toPositional(template, this.dialect), isSelect: sql.startsWith('SELECT ') };
      if (sql.length <= REMEMBERED_LENGTH) this.texts.set(sql, text);
    }
    return text;
  }

  /** The issued statement that `sql` and `parameters` are, made in the situation that is in force now. */
  findVerified(sql: string, parameters: unknown): VerifiedStatement | undefined {
    const statement = Array.isArray(parameters) ? VerifiedTag.of(parameters) : undefined;
    if (statement?.by !== this || statement.sql !== sql || statement.authority !== accessCacheKey()) return undefined;
    const given = parameters as unknown[];
    const isUnchanged =
      given.length === statement.parameters.length &&
      given.every((value, i) => Object.is(value, statement.parameters[i]));
    return isUnchanged ? statement : undefined;
  }
}

const enforcements = new WeakMap<DataSource, Enforcement>();

/** Remembers the enforcement of a DataSource. */
export function enforce(dataSource: DataSource): Enforcement {
  const enforcement = new Enforcement(dataSource);
  enforcements.set(dataSource, enforcement);
  return enforcement;
}

/** The enforcement of a DataSource; undefined while it is not attached. */
export function enforcementOf(dataSource: DataSource): Enforcement | undefined {
  return enforcements.get(dataSource);
}

/** The enforcement of a DataSource whose scoped builders run: they exist only where it is attached. */
export function requireEnforcement(dataSource: DataSource): Enforcement {
  const enforcement = enforcements.get(dataSource);
  if (enforcement === undefined)
    throw new StatementRefusedError('its DataSource is not attached', 'Initialise the DataSource first.');
  return enforcement;
}
