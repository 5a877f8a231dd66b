import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import type { UndeclaredEntity } from '../../tenancy/metadata/undeclared-entities.js';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { ScopeValueType } from '../../tenancy/context/tenant-scope.js';
import { tenancyOfEntity, junctionSides } from '../policy/policy-compiler.js';
import { enforcementOf } from '../enforcement/enforcement.js';
import { supportedDialect } from '../policy/dialect.js';
import type { Enforcement } from '../enforcement/enforcement.js';
import { problemTexts } from './entity-problems.js';
import type { EntityProblem } from './entity-problems.js';
import { validateForeignKeys } from './foreign-key.validator.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';
import { isScoped } from '../policy/tenant-policy.js';
import type { TenantPolicy } from '../policy/tenant-policy.js';
import { proposeDeclaration } from './suggest-declaration.js';
import { checkUndeclaredViews, checkVirtualColumns } from './virtual-column.validator.js';
import { testPredicates } from './predicate-self-test.js';
import { checkUniqueKeys } from './unique-key.validator.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/** Startup findings about the entities of a DataSource. */
export interface ValidationResult {
  /** Problems that stop the start. */
  readonly problems: readonly string[];
  /** Entities without a declaration. */
  readonly undeclared: readonly UndeclaredEntity[];
}

/**
 * Finds everything in a DataSource that puts tenant isolation at risk.
 *
 * @returns problems in words: what, where, and the line to type; empty for a DataSource without entities
 */
export function validateDataSource(dataSource: DataSource): ValidationResult {
  const entities = dataSource.entityMetadatas.filter((metadata) => junctionSides(metadata).length === 0);
  if (entities.length === 0) return { problems: [], undeclared: [] };
  if (supportedDialect(dataSource) === undefined) return unsupported(dataSource, entities);
  const enforcement = enforcementOf(dataSource);
  if (enforcement === undefined) return { problems: ['a DataSource is not initialised'], undeclared: [] };

  const { policies } = enforcement;
  const found: EntityProblem[] = [];
  const undeclared: UndeclaredEntity[] = [];
  const lenient = lenientPolicies(policies);
  for (const metadata of entities) {
    if (tenancyOfEntity(metadata) === undefined)
      undeclared.push({ name: metadata.name, proposal: propose(metadata, policies) });
    const own = problemsOf(() => policies.of(metadata));
    const others = own.length > 0 ? [] : checksOf(metadata, lenient, enforcement.dialect);
    found.push(...[...own, ...others].map((text) => ({ metadata, text })));
  }
  const problems = [
    ...replacedMethods(enforcement),
    ...problemTexts(found),
    ...checkTables(entities, policies),
    ...checkOptions(dataSource),
  ];
  // If entities have problems, their statements cannot be built.
  if (problems.length === 0) problems.push(...problemsOf(() => testPredicates(dataSource)));
  return { problems: [...new Set(problems)], undeclared };
}

function checksOf(metadata: EntityMetadata, policies: PolicyRegistry, dialect: SqlDialect): readonly string[] {
  return [
    ...checkEntity(metadata, policies),
    ...validateForeignKeys(metadata, policies),
    ...checkVirtualColumns(metadata, policies, dialect),
    ...checkUndeclaredViews(metadata, policies, dialect),
  ];
}

/**
 * Returns the policies with a fallback for an entity whose declaration does not fit. The problem is reported for that
 * entity only; for other entities it is tenant-scoped by some column.
 */
function lenientPolicies(policies: PolicyRegistry): PolicyRegistry {
  const keys = Object.keys(getScopeDeclaration());
  const of = (metadata: EntityMetadata): TenantPolicy => {
    const [column] = metadata.columns;
    let policy: TenantPolicy = { kind: 'columns', columns: keys.map((key) => ({ key, column })), sharedIfNull: [] };
    problemsOf(() => (policy = policies.of(metadata)));
    return policy;
  };
  return Object.create(policies, { of: { value: of } }) as PolicyRegistry;
}

/**
 * Reports replaced methods: a library that replaces a method of an initialised DataSource must call the previous one.
 */
function replacedMethods(enforcement: Enforcement): string[] {
  return enforcement
    .findOverwrittenPatches()
    .map(
      (method) =>
        `${method}() of the DataSource was replaced after it was initialised, and enforcement with it. Call the method that was there, or replace it before, in a dataSourceFactory.`,
    );
}

function problemsOf(check: () => void): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof MuckConfigurationError) return error.problems;
    throw error;
  }
}

function unsupported(dataSource: DataSource, entities: readonly EntityMetadata[]): ValidationResult {
  const scoped = entities.filter((metadata) => !['shared', undefined].includes(tenancyOfEntity(metadata)?.kind));
  if (scoped.length === 0) return { problems: [], undeclared: [] };
  const names = scoped.map(({ name }) => name).join(', ');
  return {
    problems: [
      `${names} are tenant-scoped, and ${dataSource.options.type} databases are not supported. Use PostgreSQL, MySQL, MariaDB or SQLite.`,
    ],
    undeclared: [],
  };
}

function checkEntity(metadata: EntityMetadata, policies: PolicyRegistry): string[] {
  const policy = policies.of(metadata);
  if (!isScoped(policy)) return [];
  const columns = policy.kind === 'columns' ? policy.columns : [];
  const types = columns
    .filter(({ key, column }) => !isCompatibleType(getScopeDeclaration()[key], column, policies))
    .map(
      ({ key, column }) =>
        `${metadata.name}.${column.propertyPath} is a ${policies.driver.normalizeType(column)} column, but the scope key '${key}' is declared as ` +
        `${getScopeDeclaration()[key].name}. Use the same type for both.`,
    );
  return [...types, ...checkUniqueKeys(metadata, policies)];
}

/**
 * Checks that entities of the same table have the same ownership. Otherwise rows could be read by the weaker policy.
 */
function checkTables(entities: readonly EntityMetadata[], policies: PolicyRegistry): string[] {
  const problems: string[] = [];
  const byTable = new Map<string, EntityMetadata>();
  for (const metadata of entities) {
    const first = byTable.get(metadata.tablePath);
    if (first === undefined) byTable.set(metadata.tablePath, metadata);
    else if (policyKindOrUndefined(first, policies) !== policyKindOrUndefined(metadata, policies)) {
      problems.push(
        `${first.name} and ${metadata.name} map the same table, but one is shared and the other is scoped. Give both the same declaration.`,
      );
    } else if (ownership(first, policies) !== ownership(metadata, policies)) {
      problems.push(
        `${first.name} and ${metadata.name} map the same table, but have different tenant columns. Give both the same declaration.`,
      );
    } else if (safelyMayBeShared(first, policies) !== safelyMayBeShared(metadata, policies)) {
      problems.push(
        `${first.name} and ${metadata.name} map the same table, but only one has nullMeans: 'shared'. Set it on both or on neither.`,
      );
    }
  }
  return problems;
}

/**
 * Returns a text that is equal for two entities of one table if the same rows belong to the same tenants. Undefined for
 * a declaration that does not fit.
 */
function ownership(metadata: EntityMetadata, policies: PolicyRegistry): string | undefined {
  let text: string | undefined;
  problemsOf(() => {
    const policy = policies.of(metadata);
    if (policy.kind === 'columns')
      text = JSON.stringify(policy.columns.map(({ key, column }) => [key, column.databaseName]));
    if (policy.kind === 'parents')
      text = JSON.stringify(
        policy.parents.map(({ parent, columns }) => [
          parent.tablePath,
          columns.map(({ own, referenced }) => [own.databaseName, referenced.databaseName]),
        ]),
      );
  });
  return text;
}

/** Returns undefined for a declaration that does not fit. */
function policyKindOrUndefined(metadata: EntityMetadata, policies: PolicyRegistry): string | undefined {
  let kind: string | undefined;
  problemsOf(() => (kind = policies.of(metadata).kind));
  return kind;
}

function safelyMayBeShared(metadata: EntityMetadata, policies: PolicyRegistry): boolean {
  let mayBe = false;
  problemsOf(() => (mayBe = policies.mayBeShared(metadata)));
  return mayBe;
}

function checkOptions(dataSource: DataSource): string[] {
  const behavior = dataSource.options.invalidWhereValuesBehavior;
  if (behavior?.undefined !== 'ignore' && behavior?.null !== 'ignore') return [];
  return [
    "invalidWhereValuesBehavior is 'ignore': find({ where: { id: undefined } }) would return the first row of the tenant. Remove the option, or set it to 'throw'.",
  ];
}

const NUMBERS = /int|serial|float|double|real|dec|numeric|number|fixed/i;
const WHOLE_NUMBERS = /int|serial|dec|numeric/i;
const TEXTS = /char|text|uuid|clob|enum|inet/i;
/** Types whose names contain the name of a number type. */
const NO_NUMBERS = /interval|point|range/i;

function isCompatibleType(type: ScopeValueType, column: ColumnMetadata, policies: PolicyRegistry): boolean {
  const sqlType = policies.driver.normalizeType(column);
  // Columns of a view are declared without a type.
  if (sqlType === '') return true;
  if (type === String) return TEXTS.test(sqlType);
  return (type === BigInt ? WHOLE_NUMBERS : NUMBERS).test(sqlType) && !NO_NUMBERS.test(sqlType);
}

/** Returns the decorator that most likely fits an undeclared entity. */
function propose(metadata: EntityMetadata, policies: PolicyRegistry): string {
  return proposeDeclaration(metadata, (other) =>
    ['columns', 'parents'].includes(String(policyKindOrUndefined(other, policies))),
  );
}
