// @ts-check

/**
 * Mutants that change neither what SQL is sent nor whether it is refused, by the source lines that they change, before and after, on one
 * line. Before one is listed: what would a test look like that tells them apart?
 *
 * @type {readonly { file: string, from: string, to: string, why: string, times?: number }[]}
 */
export const EQUIVALENT = [
  ...same('lib/orm/policy/access.ts', 'Only told apart from other keys, and none of those reads so.', [
    ["if (section === undefined) return '';", 'if (section === undefined) return "Stryker was here!";'],
  ]),
  ...same('lib/orm/instrument-data-source.ts', 'Nothing is sent: any text does, and a query runner of any kind.', [
    [
      "const [sql, parameters] = driver.escapeQueryWithParameters('SELECT 1', {});",
      'const [sql, parameters] = driver.escapeQueryWithParameters("", {});',
    ],
    [
      "enforcement.recordPatch('createQueryRunner', () => isGuardedRunner(driver.createQueryRunner('master')));",
      'enforcement.recordPatch(\'createQueryRunner\', () => isGuardedRunner(driver.createQueryRunner("")));',
    ],
  ]),
  ...same('lib/orm/startup/data-source.validator.ts', 'Compared only where it can be said of both, or of neither.', [
    ['let mayBe = false;', 'let mayBe = true;'],
  ]),
  ...same('lib/orm/policy/policy-registry.ts', 'What is remembered is worked out again, with the same result.', [
    ['if (known !== undefined) return known;', 'if (false) return known;'],
    ['if (this.version !== declarationsVersion()) {', 'if (true) {'],
    [
      'if (texts === undefined) this.texts[rows].set(metadata, (texts = new BoundedCache(REMEMBERED)));',
      'if (true) this.texts[rows].set(metadata, (texts = new BoundedCache(REMEMBERED)));',
    ],
    [
      'if (this.tables?.metadatas !== metadatas) this.tables = { metadatas, byName: this.groupByTable(metadatas) };',
      'if (true) this.tables = { metadatas, byName: this.groupByTable(metadatas) };',
    ],
  ]),
  ...same(
    'lib/orm/policy/policy-registry.ts',
    'A name as short as that is kept in whole, cut or not; and no name is fifteen and three quarters long.',
    [
      [
        "if (this.driver.options.type !== 'postgres' || table.length <= IDENTIFIER_BYTES / 4) return table;",
        "if (this.driver.options.type !== 'postgres' || false) return table;",
      ],
      [
        "if (this.driver.options.type !== 'postgres' || table.length <= IDENTIFIER_BYTES / 4) return table;",
        "if (this.driver.options.type !== 'postgres' || table.length < IDENTIFIER_BYTES / 4) return table;",
      ],
    ],
  ),
  ...same('lib/orm/lookups/foreign-key-check.ts', 'A set of rows is only told apart from the set of the own rows.', [
    [
      "const missing = await missingRows(queryRunner, group, group[0].owned ? 'own' : 'visible');",
      'const missing = await missingRows(queryRunner, group, group[0].owned ? \'own\' : "");',
    ],
    [
      "const unseen = group[0].owned ? await missingRows(queryRunner, group, 'visible') : missing;",
      'const unseen = group[0].owned ? await missingRows(queryRunner, group, "") : missing;',
    ],
    [
      "return (await findInvisible(queryRunner, metadata, columns, rows, 'visible')).length === 0;",
      'return (await findInvisible(queryRunner, metadata, columns, rows, "")).length === 0;',
    ],
  ]),
  ...same('lib/orm/writes/foreign-keys.ts', 'Of a pair one row must be the tenant’s own, which it says by itself.', [
    [
      'return { entity: metadata, key, values, owned: true };',
      'return { entity: metadata, key, values, owned: false };',
    ],
  ]),
  ...same('lib/orm/writes/foreign-keys.ts', 'No column is called so.', [
    [
      "const tenantColumns = policy.kind === 'columns' ? policy.columns.map(({ column }) => column.databaseName) : [];",
      'const tenantColumns = policy.kind === \'columns\' ? policy.columns.map(({ column }) => column.databaseName) : ["Stryker was here"];',
    ],
  ]),
  ...same(
    'lib/orm/lookups/cross-tenant-check.ts',
    'An update sets one row of values, and an insert changes no rows that could be read.',
    [
      [
        'const isOwnerGiven = given.every(({ owner }) => isComplete(owner));',
        'const isOwnerGiven = given.some(({ owner }) => isComplete(owner));',
      ],
      [
        'const needsRows = readsKeys === true || (!isOwnerGiven && given.some((row) => row.keys.some(isComplete)));',
        'const needsRows = readsKeys === true || (!isOwnerGiven && given.every(row => row.keys.some(isComplete)));',
      ],
    ],
  ),
  ...same('lib/orm/lookups/cross-tenant-check.ts', 'Of a row without an owner no owner is asked for.', [
    [
      'const ownerNames = isScoped(policy) ? ownerColumns(policy) : [];',
      'const ownerNames = isScoped(policy) ? ownerColumns(policy) : ["Stryker was here"];',
    ],
  ]),
  ...same('lib/orm/query-builders/insert.ts', 'Only told apart from inserts and updates.', [
    ["this.isUpsert ? 'upsert' : 'insert',", 'this.isUpsert ? "" : \'insert\','],
  ]),
  ...same('lib/orm/query-builders/insert.ts', 'TypeORM’s upserts have a list of what they write over.', [
    ['return onIgnore || onUpdate?.overwrite?.length === 0;', 'return onIgnore || onUpdate?.overwrite.length === 0;'],
    [
      'const overwrite = new Set(this.expressionMap.onUpdate?.overwrite?.map((name) => name.toLowerCase()));',
      'const overwrite = new Set(this.expressionMap.onUpdate?.overwrite.map((name) => name.toLowerCase()));',
    ],
  ]),
  ...same(
    'lib/orm/enforcement/statement-verifier.ts',
    'Verdicts that are remembered are worked out again, with the same result.',
    [
      ['if (memorable && memory.has(key)) return undefined;', 'if (false) return undefined;'],
      ['const memorable = exclusiveScope() !== undefined;', 'const memorable = false;'],
      ['if (memorable && problem === undefined) memory.set(key, true);', 'if (false) memory.set(key, true);'],
    ],
  ),
  ...same('lib/orm/enforcement/statement-verifier.ts', 'What is remembered is asked for its key only.', [
    [
      'if (memorable && problem === undefined) memory.set(key, true);',
      'if (memorable && problem === undefined) memory.set(key, false);',
    ],
  ]),
  ...same('lib/orm/enforcement/refusal-log.ts', 'What is remembered is asked for its key only.', [
    ['this.logged.set(text, true);', 'this.logged.set(text, false);'],
  ]),
  ...same(
    'lib/orm/enforcement/built-sql.verifier.ts',
    'Where a verdict is remembered: no text is the key of a statement with inserts.',
    [
      [
        'const memory = inserts.length === 0 ? this.reads : this.writes;',
        'const memory = true ? this.reads : this.writes;',
      ],
      [
        'const memory = inserts.length === 0 ? this.reads : this.writes;',
        'const memory = false ? this.reads : this.writes;',
      ],
      [
        'const memory = inserts.length === 0 ? this.reads : this.writes;',
        'const memory = inserts.length !== 0 ? this.reads : this.writes;',
      ],
    ],
  ),
  ...same('lib/orm/enforcement/raw-sql.verifier.ts', 'Only told apart from other keys, and none of those reads so.', [
    [
      "const key = `${state.isTransactionControl ? 'c' : ''}${state.inTransaction ? 't' : ''} ${sql}`;",
      "const key = `${state.isTransactionControl ? 'c' : \"Stryker was here!\"}${state.inTransaction ? 't' : ''} ${sql}`;",
    ],
    [
      "const key = `${state.isTransactionControl ? 'c' : ''}${state.inTransaction ? 't' : ''} ${sql}`;",
      "const key = `${state.isTransactionControl ? 'c' : ''}${state.inTransaction ? 't' : \"Stryker was here!\"} ${sql}`;",
    ],
  ]),
  ...same('lib/orm/enforcement/built-sql.verifier.ts', 'Only told apart from other keys, and none of those reads so.', [
    [
      'return inserts.length === 0 ? sql : JSON.stringify([sql, ...inserts.map(({ table, text }) => [table, text])]);',
      'return false ? sql : JSON.stringify([sql, ...inserts.map(({ table, text }) => [table, text])]);',
    ],
  ]),
  ...same('lib/orm/enforcement/built-sql.verifier.ts', 'A comment that begins with this ends with it.', [
    [
      'return sql.startsWith(comment) || /^\\/\\*\\+ MAX_EXECUTION_TIME\\(\\d+\\) \\*\\/$/.test(comment);',
      'return sql.startsWith(comment) || /^\\/\\*\\+ MAX_EXECUTION_TIME\\(\\d+\\) \\*\\//.test(comment);',
    ],
  ]),
  ...same(
    'lib/orm/writes/value-snapshot.ts',
    'No two columns are one property: where something is already, it is one part of an object, and this another.',
    [
      [
        "return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;",
        "return typeof value === 'object' && true && Object.getPrototypeOf(value) === Object.prototype;",
      ],
      [
        "return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;",
        "return typeof value === 'object' && value !== null && true;",
      ],
    ],
  ),
  ...same('lib/orm/sql/table-references.ts', 'Only told apart from words, and none of those reads so.', [
    ["const after = this.tokens[i + 1]?.text ?? '';", 'const after = this.tokens[i + 1]?.text ?? "Stryker was here!";'],
    [
      "if (text === 'for') return ['index', 'key'].includes(this.tokens[i - 1]?.text ?? '');",
      "if (text === 'for') return ['index', 'key'].includes(this.tokens[i - 1]?.text ?? \"Stryker was here!\");",
    ],
    [
      "if (text === 'update') return !['for', 'do', 'key', 'on'].includes(this.tokens[i - 1]?.text ?? '');",
      "if (text === 'update') return !['for', 'do', 'key', 'on'].includes(this.tokens[i - 1]?.text ?? \"Stryker was here!\");",
    ],
    [
      "if (!['with', 'recursive', ','].includes(tokens[i - 1]?.text ?? '')) return false;",
      "if (!['with', 'recursive', ','].includes(tokens[i - 1]?.text ?? \"Stryker was here!\")) return false;",
    ],
  ]),
  ...same('lib/orm/sql/table-references.ts', 'Behind the last token there is none.', [
    [
      "while (next < tokens.length && !isPunctuationAt(tokens, next, ')')) next += 1;",
      "while (next <= tokens.length && !isPunctuationAt(tokens, next, ')')) next += 1;",
    ],
  ]),
  ...same('lib/orm/sql/identifier-roles.ts', 'Only told apart from words, and none of those reads so.', [
    [
      "const before = tokens.slice(Math.max(0, of - 4), of + 1).map(({ kind, text }) => (kind === 'word' ? text : ''));",
      'const before = tokens.slice(Math.max(0, of - 4), of + 1).map(({ kind, text }) => (kind === \'word\' ? text : "Stryker was here!"));',
    ],
    [
      "if (!['insert', 'update', 'delete'].includes(verbs[0] ?? '')) return false;",
      "if (!['insert', 'update', 'delete'].includes(verbs[0] ?? \"Stryker was here!\")) return false;",
    ],
    [
      "return isList || ['=', '<', '>', '!', 'is', 'in', 'like'].includes(tokens[i + 1]?.text ?? '');",
      "return isList || ['=', '<', '>', '!', 'is', 'in', 'like'].includes(tokens[i + 1]?.text ?? \"Stryker was here!\");",
    ],
  ]),
  ...same('lib/orm/sql/parameter-binding.ts', 'The text alone is asked for.', [
    [
      'const [sql] = bindParameters(template, dialect, () => ({ value: null }));',
      'const [sql] = bindParameters(template, dialect, () => ({}));',
    ],
  ]),
  ...same('lib/orm/sql/tokenizer.ts', 'White space makes no token, whether it is read at once or sign by sign.', [
    ['const SPACE = /[ \\t\\n\\r\\f\\v]+/y;', 'const SPACE = /[ \\t\\n\\r\\f\\v]/y;'],
  ]),
  ...same('lib/orm/sql/tokenizer.ts', 'No comment opens where one closes.', [
    ['const opensFirst = open !== -1 && open < close;', 'const opensFirst = open !== -1 && open <= close;'],
  ]),
  ...same('lib/orm/guards/closure-table-statements.ts', 'Spares work: the whole text is compared afterwards.', [
    [
      "if (!sql.startsWith('INSERT INTO ') || !Array.isArray(parameters)) return undefined;",
      'if (!sql.startsWith("") || !Array.isArray(parameters)) return undefined;',
    ],
  ]),
  ...same(
    'lib/orm/guards/closure-table-statements.ts',
    'The drivers number parameters or write a question mark, whatever they are called.',
    [
      [
        "placeholder: (index) => driver.createParameter('node', index),",
        'placeholder: (index) => driver.createParameter("", index),',
      ],
    ],
  ),
  ...same(
    'lib/orm/query-builders/relation.ts',
    'A row that is none has no key either: it is looked for by no value, and not found.',
    [
      [
        "return typeof row === 'object' && row !== null ? toDatabaseValues(row, columns, this.dataSource) : [row];",
        "return typeof row === 'object' && true ? toDatabaseValues(row, columns, this.dataSource) : [row];",
      ],
    ],
  ),
  ...same(
    'lib/orm/query-builders/relation.ts',
    'A reference of one column is cleared with the same result in both ways.',
    [
      ['return joinColumns.length > 1;', 'return true;'],
      ['return joinColumns.length > 1;', 'return joinColumns.length >= 1;'],
    ],
  ),
  ...same('lib/orm/guards/entity-manager.guard.ts', 'A query runner that sends nothing takes no connection.', [
    ['if (byMetadata.size === 0) return;', 'if (false) return;'],
  ]),
  ...same('lib/orm/enforcement/enforcement.ts', 'A text that is bound anew, or read again, gives the same statement.', [
    ['if (placed === undefined || !placed.names.every((name) => this.isGiven(name, parameters)))', 'if (true)'],
    [
      'if (placed === undefined || !placed.names.every((name) => this.isGiven(name, parameters)))',
      'if (placed === undefined || !placed.names.every(() => undefined))',
    ],
  ]),
  ...same(
    'lib/orm/guards/execute-statement.ts',
    'Without a scope, no lookup reads rows of a tenant, so that the section around it changes nothing.',
    [
      [
        'await (scope === undefined ? check() : runWithScope(scope, check));',
        'await (false ? check() : runWithScope(scope, check));',
      ],
    ],
  ),
  ...same(
    'lib/orm/guards/execute-statement.ts',
    'What a section is for is told by errors, and no code of others runs in this one.',
    [["const section = new UnscopedSection('compares tenants');", 'const section = new UnscopedSection("");']],
  ),
  ...same('lib/tenancy/context/tenant-scope.ts', 'No scope is checked before its keys are declared.', [
    ["let declaredKeys = '';", 'let declaredKeys = "Stryker was here!";'],
  ]),
  ...same('lib/tenancy/context/tenant-context.ts', 'Without a current context, none is entered.', [
    [
      'return storage.getStore() === undefined ? fn() : storage.run(undefined, fn);',
      'return false ? fn() : storage.run(undefined, fn);',
    ],
  ]),
  ...same(
    'lib/tenancy/metadata/entity-tenancy.registry.ts',
    'Nothing is declared for undefined, nor served by a text.',
    [
      ['return name === undefined ? [key] : [key, name];', 'return false ? [key] : [key, name];'],
      [
        '[...(controllersByEntity.get(key) ?? [])].filter((controller) => servedEntities.get(controller) === key),',
        '[...(controllersByEntity.get(key) ?? ["Stryker was here"])].filter((controller) => servedEntities.get(controller) === key),',
      ],
    ],
  ),
  ...same('lib/tenancy/http/cache-interceptor.validator.ts', 'A text is no interceptor, and has no value.', [
    [
      'instancesOf: (type: unknown) => readonly unknown[] = () => [],',
      'instancesOf: (type: unknown) => readonly unknown[] = () => ["Stryker was here"],',
    ],
    [
      "if (typeof interceptor !== 'object') return [];",
      'if (typeof interceptor !== \'object\') return ["Stryker was here"];',
    ],
    ['const none: PropertyDescriptor[] = [];', 'const none: PropertyDescriptor[] = ["Stryker was here"];'],
    [
      'attempt<unknown[]>(() => (Array.isArray(value) ? [...(value as unknown[])] : [value]), []),',
      'attempt<unknown[]>(() => (Array.isArray(value) ? [...(value as unknown[])] : [value]), ["Stryker was here"]),',
    ],
  ]),
  ...same(
    'lib/orm/startup/predicate-self-test.ts',
    'No statement is sent: neither a cache nor other columns are used.',
    [
      [
        'new DataSource({ ...dataSource.options, cache: false });',
        'new DataSource({ ...dataSource.options, cache: true });',
      ],
      [
        'this.assertPredicate(kind, () => build().select(`${ALIAS}.${propertyPath}`), this.aliased);',
        'this.assertPredicate(kind, () => build().select(``), this.aliased);',
      ],
      [
        'const columns = policy.columns.map(({ column }) => column.propertyPath);',
        'const columns = policy.columns.map(() => undefined);',
      ],
    ],
  ),
  ...same(
    'lib/orm/startup/predicate-self-test.ts',
    'Only compared to each other, and no builder has the class undefined.',
    [
      ['private readonly seen: BuilderState[] = [];', 'private readonly seen: BuilderState[] = ["Stryker was here"];'],
      ['this.changes !== undefined,', 'this.changes === undefined,'],
      ['metadata.deleteDateColumn !== undefined,', 'metadata.deleteDateColumn === undefined,'],
    ],
  ),
  ...same('lib/orm/sql/dynamic-sql-detector.ts', 'Only told apart from words, and none of those reads so.', [
    [
      'if (schema !== undefined && STATISTICS_SCHEMAS[dialect][schema]?.test(table)) return true;',
      'if (true && STATISTICS_SCHEMAS[dialect][schema]?.test(table)) return true;',
    ],
    [
      "while (EXPLAIN_OPTIONS.has(tokens[i]?.text ?? '')) i += 1;",
      'while (EXPLAIN_OPTIONS.has(tokens[i]?.text ?? "Stryker was here!")) i += 1;',
    ],
    ["return !EXPLAINED.has(tokens[i]?.text ?? '');", 'return !EXPLAINED.has(tokens[i]?.text ?? "Stryker was here!");'],
  ]),
  ...same('lib/orm/sql/dynamic-sql-detector.ts', 'After the last token there is none.', [
    [
      "while (i < tokens.length && !isPunctuationAt(tokens, i, ')')) i += 1;",
      "while (i <= tokens.length && !isPunctuationAt(tokens, i, ')')) i += 1;",
    ],
  ]),
  ...same('lib/orm/sql/fragment-validator.ts', 'Only the key is checked, not its value.', [
    ['checked.set(key, true);', 'checked.set(key, false);'],
  ]),
  ...same('lib/orm/sql/table-references.ts', 'The keyword before each table sets it.', [
    [
      'return { bracket, inTables: false, expectsTable: false, inserting: false, changing: false };',
      'return { bracket, inTables: false, expectsTable: false, inserting: true, changing: false };',
    ],
  ]),
  ...same('lib/tenancy/context/sql-template.ts', 'The entry of the package loads the ORM layer first.', [
    ['if (runner === undefined)', 'if (false)'],
  ]),
  ...same(
    'lib/tenancy/decorators/tenant-scoped.decorator.ts',
    'What is no class is refused below, and serves no entity.',
    [
      ["if (typeof target === 'function' && descriptor === undefined) {", 'if (true && descriptor === undefined) {'],
      [
        'const served = descriptor === undefined ? entityOfController(target as Function) : undefined;',
        'const served = true ? entityOfController(target as Function) : undefined;',
      ],
    ],
  ),
  ...same('lib/tenancy/decorators/tenant-scoped.decorator.ts', 'Without a method Nest puts it on the class too.', [
    [
      'if (descriptor === undefined) useInterceptor(target as Function);',
      'if (false) useInterceptor(target as Function);',
    ],
  ]),
  ...same('lib/tenancy/resolvers/provider-instances.ts', 'The one of all requests is checked again, and is the same.', [
    ['if (known !== undefined) return known;', 'if (false) return known;'],
  ]),
  ...same('lib/tenancy/http/tenant.interceptor.ts', 'Only told apart from routes over all tenants.', [
    ["const route = this.routeOf(context) ?? { kind: 'scoped' };", 'const route = this.routeOf(context) ?? {};'],
    [
      "const route = this.routeOf(context) ?? { kind: 'scoped' };",
      'const route = this.routeOf(context) ?? { kind: "" };',
    ],
  ]),
  ...same(
    'lib/tenancy/http/tenant.interceptor.ts',
    'What is remembered of a route is worked out again, with the same result.',
    [
      [
        'if (routes === undefined) this.routes.set(controller, (routes = new Map<Function, RouteTenancy | undefined>()));',
        'if (true) this.routes.set(controller, (routes = new Map<Function, RouteTenancy | undefined>()));',
      ],
      [
        'if (!routes.has(handler)) routes.set(handler, getRouteTenancy(handler, controller));',
        'if (true) routes.set(handler, getRouteTenancy(handler, controller));',
      ],
    ],
  ),
  ...same('lib/orm/writes/hidden-relations.ts', 'Relations alone are looked for in it.', [
    [
      'if (isSet) unseen.set(entity, [...(unseen.get(entity) ?? []), relation]);',
      'if (isSet) unseen.set(entity, [...(unseen.get(entity) ?? ["Stryker was here"]), relation]);',
    ],
  ]),
  ...same('lib/orm/writes/hidden-relations.ts', 'Without relations there is none to visit.', [
    ['if (metadata.relations.length === 0) return;', 'if (false) return;'],
  ]),
  ...same('lib/orm/writes/hidden-relations.ts', 'What is no object is walked in vain: none of its relations is null.', [
    [
      'else if (Array.isArray(related)) walk(relation.inverseEntityMetadata, related.filter(isObject), seen, visit);',
      'else if (Array.isArray(related)) walk(relation.inverseEntityMetadata, related, seen, visit);',
    ],
    [
      'else if (isObject(related)) walk(relation.inverseEntityMetadata, [related], seen, visit);',
      'else if (true) walk(relation.inverseEntityMetadata, [related], seen, visit);',
    ],
    ["return typeof value === 'object' && value !== null;", 'return true;'],
    ["return typeof value === 'object' && value !== null;", "return typeof value === 'object' || value !== null;"],
    ["return typeof value === 'object' && value !== null;", 'return true && value !== null;'],
    ["return typeof value === 'object' && value !== null;", "return typeof value === 'object' && true;"],
  ]),
  ...same('lib/orm/guards/execute-statement.ts', 'A statement that was issued has parameters.', [
    [
      'const direct = { text, values: values ?? [], name, isForJson, asTexts, preludes, isWrite };',
      'const direct = { text, values: values ?? ["Stryker was here"], name, isForJson, asTexts, preludes, isWrite };',
    ],
  ]),
  ...same('lib/orm/sql/sql-values.ts', 'A date has no parts, and those of bytes are numbers.', [
    ['if (value instanceof Date || ArrayBuffer.isView(value)) return;', 'if (false) return;'],
    [
      'if (value instanceof Date || ArrayBuffer.isView(value)) return;',
      'if (value instanceof Date && ArrayBuffer.isView(value)) return;',
    ],
  ]),
  ...same('lib/orm/sql/predicate-matcher.ts', 'The first word of a statement opens no conditions, and is no JOIN.', [
    ['for (let i = from - 1; i >= 0; i -= 1) {', 'for (let i = from - 1; i > 0; i -= 1) {'],
    ['for (let i = start - 1; i > 0; i -= 1) {', 'for (let i = start - 1; i >= 0; i -= 1) {'],
  ]),
  ...same('lib/orm/sql/predicate-matcher.ts', 'There is no token at that place, or none that counts.', [
    [
      'for (let i = to + 1; i < this.tokens.length; i += 1) {',
      'for (let i = to + 1; i <= this.tokens.length; i += 1) {',
    ],
    ['for (let i = 0; i < token; i += 1) {', 'for (let i = 0; i <= token; i += 1) {'],
    [
      'return mention.token > this.joinBefore(start, bracket) && mention.token < start && this.isJoined(mention, bracket);',
      'return mention.token >= this.joinBefore(start, bracket) && mention.token < start && this.isJoined(mention, bracket);',
    ],
    [
      'return mention.token > this.joinBefore(start, bracket) && mention.token < start && this.isJoined(mention, bracket);',
      'return mention.token > this.joinBefore(start, bracket) && mention.token <= start && this.isJoined(mention, bracket);',
    ],
  ]),
  ...same(
    'lib/orm/sql/predicate-matcher.ts',
    'Only a closing bracket leads further out: beside any other place there is no AND.',
    [
      [
        'if (isKeyword && this.endsConditions(i)) return end ?? i - 1;',
        'if (isKeyword && this.endsConditions(i)) return end ?? i + 1;',
      ],
      [
        'if (isKeyword && (MAYBE_CLAUSE_KEYWORDS.has(text) || this.locksRows(i))) end ??= i - 1;',
        'if (isKeyword && (MAYBE_CLAUSE_KEYWORDS.has(text) || this.locksRows(i))) end ??= i + 1;',
      ],
      ['return end ?? this.tokens.length - 1;', 'return end ?? this.tokens.length + 1;'],
    ],
  ),
  ...same('lib/orm/sql/predicate-matcher.ts', 'Parts are only compared to each other.', [
    [
      "if (kind === 'word' && SET_OPERATIONS.has(text) && this.bracketOf(i) === bracket) part += 1;",
      "if (kind === 'word' && SET_OPERATIONS.has(text) && this.bracketOf(i) === bracket) part -= 1;",
    ],
  ]),
  ...same('lib/orm/sql/fragment-validator.ts', 'What is not remembered is checked anew, with the same result.', [
    ['if (checked.has(key)) return text;', 'if (false) return text;'],
  ]),
  ...same(
    'lib/orm/policy/cascade-analysis.ts',
    'What is not remembered is followed again, with the same result; and how much is remembered.',
    [
      [
        'const name = JSON.stringify([accessPlanKey(), changed && [...changed].sort()]);',
        'const name = JSON.stringify([accessPlanKey(), changed && [...changed]]);',
      ],
      [
        'const isFinal = found === undefined || this.keysOfTable(found.entity) !== undefined;',
        'const isFinal = found === undefined || false;',
      ],
      ['if (this.index?.of !== of) {', 'if (true) {'],
      [
        'return JSON.stringify([table, changed && [...changed].sort(), [...keys].sort()]);',
        'return JSON.stringify([table, changed && [...changed], [...keys].sort()]);',
      ],
      [
        'return JSON.stringify([table, changed && [...changed].sort(), [...keys].sort()]);',
        'return JSON.stringify([table, changed && [...changed].sort(), [...keys]]);',
      ],
    ],
  ),
  ...same('lib/orm/policy/cascade-analysis.ts', 'No scope key is called so.', [
    [
      'return new Set([...(first ?? [])].filter((key) => others.every((other) => other?.has(key))));',
      'return new Set([...(first ?? ["Stryker was here"])].filter((key) => others.every((other) => other?.has(key))));',
    ],
  ]),
  ...same(
    'lib/orm/query-builders/builder-fragments.ts',
    'What reads as a name before and after, or is gone, ends no bracket and opens no comment.',
    [
      [
        'for (const name of digitAliases(builder)) readable = readable.replaceAll(`${name}.`, `_${name}.`);',
        'for (const name of digitAliases(builder)) readable = readable.replaceAll(`${name}.`, ``);',
      ],
      [
        'const names = builder.expressionMap.aliases.map(({ name }) => name).filter((name) => /^\\d/.test(name));',
        'const names = builder.expressionMap.aliases.map(({ name }) => name);',
      ],
      [
        'const names = builder.expressionMap.aliases.map(({ name }) => name).filter((name) => /^\\d/.test(name));',
        'const names = builder.expressionMap.aliases.map(({ name }) => name).filter((name) => /\\d/.test(name));',
      ],
    ],
  ),
  ...same(
    'lib/orm/execution/commit-callbacks.ts',
    'Where no transaction is open, there is none around it either, and nothing to forget.',
    [
      ['const released = this.levels.pop() ?? [];', 'const released = this.levels.pop() ?? ["Stryker was here"];'],
      ['private isJoined = false;', 'private isJoined = true;'],
    ],
  ),
  ...same(
    'lib/orm/execution/commit-callbacks.ts',
    'One list too many: what is in it runs, or is forgotten, with the transaction around it.',
    [
      ['if (this.depth > depth) this.callbacks.begin();', 'if (true) this.callbacks.begin();'],
      ['if (this.depth > depth) this.callbacks.begin();', 'if (this.depth >= depth) this.callbacks.begin();'],
    ],
  ),
  ...same('lib/orm/policy/tenant-keys.ts', 'Behind the cases there is no value either.', [
    ["case 'undeclared':", 'case "":'],
  ]),
  ...same('lib/orm/policy/declared-foreign-keys.ts', 'What is remembered is collected again, with the same result.', [
    [
      'if (keys === undefined) known.set(metadata, (keys = collectKeys(metadata)));',
      'if (true) known.set(metadata, (keys = collectKeys(metadata)));',
    ],
  ]),
  ...same('lib/orm/startup/unique-key.validator.ts', 'What is no column has no scope key.', [
    [
      "const own = policy.kind === 'columns' ? policy.columns.filter(({ column }) => hasAll(columns, [column])) : [];",
      'const own = policy.kind === \'columns\' ? policy.columns.filter(({ column }) => hasAll(columns, [column])) : ["Stryker was here"];',
    ],
  ]),
  ...same('lib/orm/sql/row-changes.ts', 'Only told apart from words, and none of those reads so.', [
    ["const before = tokens[i - 1]?.text ?? '';", 'const before = tokens[i - 1]?.text ?? "Stryker was here!";'],
  ]),
  ...same('lib/orm/sql/row-changes.ts', 'Behind the cases there is no value either.', [
    ['default: return undefined;', 'default:'],
  ]),
  ...same(
    'lib/orm/sql/row-changes.ts',
    'A bracket that closes was opened before; and before the UPDATE of an upsert there is no equals sign.',
    [
      ['let list: string[] = [];', 'let list: string[] = ["Stryker was here"];'],
      ['for (let i = update + 1; i < end; i += 1) {', 'for (let i = update - 1; i < end; i += 1) {'],
    ],
  ),
  ...same('lib/orm/policy/table-entities.ts', 'What is remembered is worked out again, with the same result.', [
    [
      'if (byTable === undefined) tables.set(entityMetadatas, (byTable = groupByTable(entityMetadatas)));',
      'if (true) tables.set(entityMetadatas, (byTable = groupByTable(entityMetadatas)));',
    ],
  ]),
  ...same(
    'lib/orm/policy/tenant-column-limits.ts',
    'What is remembered is worked out again, with the same result; and it is set before it is read.',
    [
      ['if (this.pending.length === length) return;', 'if (false) return;'],
      ['private pending: EntityMetadata[] = [];', 'private pending: EntityMetadata[] = ["Stryker was here"];'],
    ],
  ),
  ...same(
    'lib/orm/policy/unique-keys.ts',
    'Beside a literal there is an operator or a space, whatever stands in its place.',
    [["const plain = where.replaceAll(/'[^']*'/g, '?');", "const plain = where.replaceAll(/'[^']*'/g, \"\");"]],
  ),
  ...same('lib/tenancy/http/tenant-cache.ts', 'Asked is whether the mark is there, not what it says.', [
    ['static readonly [KEEPS_TENANTS_APART] = true;', 'static readonly [KEEPS_TENANTS_APART] = false;'],
  ]),
  ...same(
    'lib/orm/startup/typeorm-release.ts',
    'Ten and more begin with a digit that is as great as that of the first release.',
    [['const found = /^(\\d+)\\.(\\d+)\\.(\\d+)/.exec(text);', 'const found = /^(\\d+)\\.(\\d+)\\.(\\d)/.exec(text);']],
  ),
  ...same('lib/orm/startup/typeorm-release.ts', 'JSON is read from bytes alike.', [
    [
      "const text = readFileSync(join(directory, 'node_modules/typeorm/package.json'), 'utf8');",
      'const text = readFileSync(join(directory, \'node_modules/typeorm/package.json\'), "");',
    ],
  ]),
  ...same('lib/orm/policy/scope-parameters.ts', 'What is remembered is worked out again, with the same result.', [
    ['if (known !== undefined) return known;', 'if (false) return known;'],
    ['if (column !== undefined) names.set(column, name);', 'if (false) names.set(column, name);'],
  ]),
  ...same('lib/orm/execution/pool-statistics.ts', 'A text is no pool.', [
    [
      'const { master, slaves = [], pool } = dataSource.driver as Pools;',
      'const { master, slaves = ["Stryker was here"], pool } = dataSource.driver as Pools;',
    ],
  ]),
  ...same('lib/orm/execution/violated-key.ts', 'No column has that name, or none.', [
    [
      'const own = column === null ? undefined : metadata.findColumnWithDatabaseName(column);',
      'const own = false ? undefined : metadata.findColumnWithDatabaseName(column);',
    ],
    [
      'const names = new Set(expression === null ? [] : namesIn(expression, dialect));',
      'const names = new Set(expression === null ? ["Stryker was here"] : namesIn(expression, dialect));',
    ],
  ]),
  ...same('lib/orm/writes/returned-rows.ts', 'Both sides of the comparison are changed alike.', [
    [
      "return type === 'uuid' || generationStrategy === 'uuid' ? String(value).toLowerCase() : String(value);",
      "return type === 'uuid' || generationStrategy === 'uuid' ? String(value).toUpperCase() : String(value);",
    ],
  ]),
  ...same('lib/orm/execution/parameter-column.ts', 'No parameter stands before VALUES, nor in the text.', [
    [
      'if (insert !== null) return inserted(insert[1], sql.slice(insert[0].length), name);',
      'if (insert !== null) return inserted(insert[1], sql, name);',
    ],
    [
      "const set = /^\\s*UPDATE .+? SET ([^]*?)(?: WHERE |$)/.exec(sql)?.[1] ?? '';",
      'const set = /^\\s*UPDATE .+? SET ([^]*?)(?: WHERE |$)/.exec(sql)?.[1] ?? "Stryker was here!";',
    ],
    [
      `return unquoted(/^\\s*("(?:[^"]|"")+")/.exec(assignment ?? '')?.[1]);`,
      'return unquoted(/^\\s*("(?:[^"]|"")+")/.exec(assignment ?? "Stryker was here!")?.[1]);',
    ],
  ]),
  ...same('lib/orm/execution/driver-error.parser.ts', 'The text has no number, and names no column.', [
    [
      "const told = /^[^\"'\\n]*?\\$(\\d+)/.exec(where ?? '')?.[1];",
      'const told = /^[^"\'\\n]*?\\$(\\d+)/.exec(where ?? "Stryker was here!")?.[1];',
    ],
    [
      "const [, key = ''] = /FOREIGN KEY \\(((?:`[^`]+`(?:, )?)+)\\)/.exec(message) ?? [];",
      'const [, key = "Stryker was here!"] = /FOREIGN KEY \\(((?:`[^`]+`(?:, )?)+)\\)/.exec(message) ?? [];',
    ],
    [
      "const [, key = ''] = /FOREIGN KEY \\(((?:`[^`]+`(?:, )?)+)\\)/.exec(message) ?? [];",
      'const [, key = \'\'] = /FOREIGN KEY \\(((?:`[^`]+`(?:, )?)+)\\)/.exec(message) ?? ["Stryker was here"];',
    ],
  ]),
];

/**
 * @param {string} file
 * @param {string} why
 * @param {[from: string, to: string][]} changes
 */
function same(file, why, changes) {
  return changes.map(([from, to]) => ({ file, from, to, why }));
}
