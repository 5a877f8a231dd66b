// @ts-check

/**
 * A check of the library removed: the run must find that by itself.
 *
 * @typedef {{
 *   name: string,
 *   engine?: import('./model.js').Engine,
 *   scope?: import('./model.js').ScopeKind,
 *   changes: readonly import('./loader.mjs').Change[],
 *   behindPolicies?: string,
 * }} Fault
 *
 * `behindPolicies`: what stops it where row-level security does not
 */

/** The audit of finished statements, and that of the start: the nets beneath the query builders. */
const WITHOUT_NETS = [
  {
    file: 'lib/orm/enforcement/built-sql.verifier.ts',
    from: 'verify(sql: string, inserts: readonly BuiltInsert[]): void {',
    to: 'verify(sql: string, inserts: readonly BuiltInsert[]): void {\n    if (sql !== "") return;',
  },
  {
    file: 'lib/orm/startup/predicate-self-test.ts',
    from: 'private assertPredicate(kind: string, build: () => QueryBuilder<ObjectLiteral>, predicate = this.plain): void {',
    to: 'private assertPredicate(kind: string, build: () => QueryBuilder<ObjectLiteral>, predicate = this.plain): void {\n    if (kind !== "") return;',
  },
];

/** A condition on which a builder has no predicates. @param {string} condition */
function noPredicates(condition) {
  return [
    ...WITHOUT_NETS,
    {
      file: 'lib/orm/query-builders/scoped-builder.mixin.ts',
      from: 'const { aliases, queryType, mainAlias } = this.expressionMap;',
      to: `const { aliases, queryType, mainAlias } = this.expressionMap;\n      if (${condition}) return [];`,
    },
  ];
}

const UNSCOPED_IMPORT = `import { runUnscoped } from '../../tenancy/context/tenant-context.js';
import { UnscopedSection } from '../../tenancy/context/unscoped-section.js';`;

/** @type {readonly Fault[]} */
export const FAULTS = [
  {
    name: 'no predicate in a join',
    changes: [
      ...WITHOUT_NETS,
      {
        file: 'lib/orm/query-builders/select.ts',
        from: "const predicate = alias.hasMetadata ? this.predicate(alias.metadata, alias.name) : '';",
        to: "const predicate = '';",
      },
    ],
  },
  { name: 'no predicate in an update', changes: noPredicates("queryType === 'update'") },
  {
    name: 'no predicate in a count',
    changes: noPredicates("this.expressionMap.options.includes('disable-global-order')"),
  },
  {
    name: 'no predicate in an include',
    changes: [
      ...WITHOUT_NETS,
      {
        file: 'lib/orm/query-builders/select.ts',
        from: "const predicate = alias.hasMetadata ? this.predicate(alias.metadata, alias.name) : '';",
        to: "const predicate = alias.hasMetadata && alias.name !== 'item' ? this.predicate(alias.metadata, alias.name) : '';",
      },
    ],
  },
  { name: 'no predicate in restore', changes: noPredicates("queryType === 'restore'") },
  { name: 'no predicate in a sub-query', changes: noPredicates('this.parentQueryBuilder !== undefined') },
  {
    name: 'no predicate on a junction table',
    changes: [
      ...noPredicates('mainAlias?.hasMetadata === true && mainAlias.metadata.isJunction'),
      {
        file: 'lib/orm/query-builders/junction-predicate.ts',
        from: 'if (junction === undefined) return text;',
        to: 'if (junction !== null) return text;',
      },
    ],
  },
  {
    name: 'the parent in a path is checked among all tenants',
    changes: [
      {
        file: 'lib/crud/http/require-parents.ts',
        from: "import { RowConstraints } from '../persistence/row-constraints.js';",
        to: `import { RowConstraints } from '../persistence/row-constraints.js';\n${UNSCOPED_IMPORT}`,
      },
      {
        file: 'lib/crud/http/require-parents.ts',
        from: 'parents.find(params)',
        to: "runUnscoped(new UnscopedSection('a fault'), () => parents.find(params))",
      },
    ],
  },
  {
    name: 'a cursor is taken for any list',
    behindPolicies: 'nothing has to: such a cursor leads to own rows, in another place of the list',
    changes: [
      {
        file: 'lib/crud/listing/sql/cursor.ts',
        from: 'version !== VERSION || list !== fingerprint ||',
        to: 'version !== VERSION ||',
      },
    ],
  },
  {
    name: 'a reference is not looked up',
    behindPolicies: 'the look-up of references; a foreign key that includes the tenant',
    changes: [
      {
        file: 'lib/orm/lookups/foreign-key-check.ts',
        from: 'const groups: ForeignKeyLookup[][] = [];',
        to: 'const groups: ForeignKeyLookup[][] = [];\n  if (groups.length === 0) return;',
      },
    ],
  },
  {
    name: "a sibling's reference is not looked up",
    behindPolicies: 'the look-up of references; a foreign key that includes the tenant',
    changes: [
      {
        file: 'lib/orm/policy/declared-foreign-keys.ts',
        from: 'const others = entitiesOfTable(metadata)',
        to: 'const others = entitiesOfTable(metadata).slice(0, 0)',
      },
    ],
  },
  {
    name: 'the second reference of a list is not looked up',
    behindPolicies: 'the look-up of references; a foreign key that includes the tenant',
    changes: [
      {
        file: 'lib/orm/lookups/foreign-key-check.ts',
        from: 'for (const row of distinctRows(rows)) {',
        to: 'for (const row of distinctRows(rows).slice(0, 1)) {',
      },
    ],
  },
  {
    name: 'the far side of a link is not looked up',
    changes: [
      {
        file: 'lib/orm/lookups/foreign-key-check.ts',
        from: 'for (const lookup of lookups.filter(({ orOwned }) => orOwned === undefined)) {',
        to: 'for (const lookup of lookups.filter(({ orOwned, entity, key }) => orOwned === undefined && !(entity.isJunction && entity.inverseColumns.some((column) => key.columns.some(({ own }) => own === column))))) {',
      },
    ],
  },
  {
    name: "a controller's declaration comes before the class's",
    changes: [
      {
        file: 'lib/tenancy/metadata/entity-tenancy.registry.ts',
        from: 'if (nearest === -1) return agreed(byControllers.flat());',
        to: 'if (nearest === -1 || (nearest > 0 && byControllers.flat().length > 0)) return agreed(byControllers.flat());',
      },
    ],
  },
  {
    name: 'cascades reach rows of others through a row that they share',
    behindPolicies: 'the analysis of cascades at the start; foreign keys that include the tenant',
    scope: 'pair',
    changes: [
      {
        file: 'lib/orm/policy/cascade-analysis.ts',
        from: 'return [...keys].every((key) => others.has(key));',
        to: 'return [...keys].length >= 0 || others.size > 0;',
      },
    ],
  },
  {
    name: 'the key of a cached result has no tenant',
    behindPolicies: 'the keys of the cache: no statement is sent for a cached result',
    changes: [
      {
        file: 'lib/orm/guards/query-result-cache.ts',
        from: 'digest(`${accessCacheKey()}:${identifier}`)',
        to: 'digest(identifier)',
      },
    ],
  },
  {
    name: 'keys of cached results are compared by a collation',
    engine: 'mariadb',
    scope: 'text',
    changes: [
      {
        file: 'lib/orm/guards/query-result-cache.ts',
        from: "return createHash('sha256').update(key).digest('hex');",
        to: "return createHash === undefined ? '' : key.slice(0, 250);",
      },
    ],
  },
  {
    name: "an answer repeats the database's own words",
    behindPolicies: 'the mapping of errors',
    engine: 'postgres',
    changes: [
      {
        file: 'lib/errors/unique-conflict.error.ts',
        from: "const names = properties.join(', ');",
        to: "const names = properties.join(', ') + ': duplicate key value violates unique constraint';",
      },
    ],
  },
  {
    name: 'a tag is compared before the row is found in the scope',
    changes: [
      {
        file: 'lib/crud/persistence/row-updater.ts',
        from: "import { afterCommit } from '../../orm/execution/commit-callbacks.js';",
        to: `import { afterCommit } from '../../orm/execution/commit-callbacks.js';\n${UNSCOPED_IMPORT}`,
      },
      {
        file: 'lib/crud/persistence/row-updater.ts',
        from: 'const stored = await loadForWrite(this.terms, write, which, rows, links);',
        to: `const early = await runUnscoped(new UnscopedSection('a fault'), () => rows.find(which).catch(() => undefined));
        if (early !== undefined) precondition.assert(resource, early);
        const stored = await loadForWrite(this.terms, write, which, rows, links);`,
      },
    ],
  },
  {
    name: 'rows without a tenant are written by tenants',
    changes: [
      ...WITHOUT_NETS,
      {
        file: 'lib/orm/query-builders/scoped-builder.mixin.ts',
        from: "policies.predicateFor(metadata, policies.table(metadata), 'own')",
        to: "policies.predicateFor(metadata, policies.table(metadata), 'visible')",
      },
      {
        file: 'lib/orm/query-builders/shared-row-check.ts',
        from: 'if (!isInSave() ||',
        to: 'if (isInSave() ||',
      },
    ],
  },
  {
    name: 'a tenant column rounds',
    engine: 'postgres',
    scope: 'number',
    changes: [
      {
        file: 'lib/orm/policy/tenant-column-types.ts',
        from: "if (sqlType === 'real' || sqlType === 'float')",
        to: "if (sqlType === 'none')",
      },
    ],
  },
];
