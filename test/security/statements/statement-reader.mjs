// @ts-check

/**
 * A table of tenants, and what must stand beside its name: its tenant columns, or the tables that its rows belong to and the columns that name them.
 *
 * @typedef {{
 *   entity: string, table: string, kind: string, isClosure: boolean, uniqueKeys: Record<string, string[]>,
 *   columns?: string[], parents?: { table: string, own: string[] }[],
 * }} Table
 */

/** @typedef {any} Node of a syntax tree, as PostgreSQL's parser gives it */

/** PostgreSQL keeps 63 bytes of a name. @param {string} name */
const short = (name) => Buffer.from(name).subarray(0, 63).toString();

/** A table with the names that the parser gives. @param {Table} table @returns {Table} */
function withShortNames({ columns, parents, ...table }) {
  return {
    ...table,
    table: short(table.table),
    ...(columns && { columns: columns.map(short) }),
    ...(parents && { parents: parents.map((one) => ({ table: short(one.table), own: one.own.map(short) })) }),
    uniqueKeys: Object.fromEntries(
      Object.entries(table.uniqueKeys).map(([name, key]) => [short(name), key.map(short)]),
    ),
  };
}

/** Reads the syntax tree of a statement: each table of tenants must be limited where it stands. */
export class StatementReader {
  /** @type {string[]} */
  problems = [];
  /** How many tables of tenants the statement names. */
  found = 0;

  /**
   * @param {readonly Table[]} tables
   * @param {boolean} takesLiterals whether the driver writes values into the text, as that of SQLite does with numbers
   */
  constructor(tables, takesLiterals) {
    this.takesLiterals = takesLiterals;
    /** @type {Map<string, Table[]>} */
    this.byName = new Map();
    for (const table of tables.map(withShortNames)) {
      const name = table.table.toLowerCase();
      this.byName.set(name, [...(this.byName.get(name) ?? []), table]);
    }
  }

  /** @param {Node} node @param {ReadonlySet<string>} [ctes] names of common table expressions */
  read(node, ctes = new Set()) {
    if (Array.isArray(node)) {
      for (const one of node) this.read(one, ctes);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    for (const [kind, value] of Object.entries(node)) {
      const names = namesWith(value, ctes);
      if (kind === 'SelectStmt') this.select(value, names);
      else if (kind === 'UpdateStmt') this.change(value, value.fromClause, names);
      else if (kind === 'DeleteStmt') this.change(value, value.usingClause, names);
      else if (kind === 'InsertStmt') {
        if (this.hangsNode(value)) continue;
        this.insert(value, names);
      } else if (['TruncateStmt', 'DropStmt', 'AlterTableStmt'].includes(kind)) continue;
      this.read(value, names);
    }
  }

  /** @param {Node} select @param {ReadonlySet<string>} ctes */
  select(select, ctes) {
    const where = conjuncts(select.whereClause);
    for (const from of select.fromClause ?? []) this.source(from, where, ctes);
  }

  /** @param {Node} from @param {readonly Node[]} conditions @param {ReadonlySet<string>} ctes */
  source(from, conditions, ctes) {
    if (from.RangeVar) this.table(from.RangeVar, conditions, ctes);
    if (!from.JoinExpr) return;
    const { larg, rarg, quals, jointype } = from.JoinExpr;
    const on = conjuncts(quals);
    // What an ON says of the left side of an outer join leaves its rows in.
    this.source(larg, jointype === 'JOIN_INNER' ? [...conditions, ...on] : conditions, ctes);
    this.source(rarg, [...conditions, ...on], ctes);
  }

  /** @param {Node} statement @param {readonly Node[]} others @param {ReadonlySet<string>} ctes */
  change({ relation, whereClause }, others, ctes) {
    const where = conjuncts(whereClause);
    this.table(relation, where, ctes);
    for (const from of others ?? []) this.source(from, where, ctes);
  }

  /** @param {Node} range @param {readonly Node[]} conditions @param {ReadonlySet<string>} ctes */
  table({ relname, schemaname, alias }, conditions, ctes) {
    const tables = this.byName.get(relname.toLowerCase());
    if (tables === undefined || (schemaname === undefined && ctes.has(relname))) return;
    this.found += 1;
    const name = alias?.aliasname ?? relname;
    if (tables.some((table) => this.isLimited(table, name, conditions))) return;
    this.problems.push(`a table of tenants is read or changed without its predicate`);
  }

  /** @param {Table} table @param {string} name @param {readonly Node[]} conditions */
  isLimited({ columns, parents }, name, conditions) {
    if (columns !== undefined)
      return columns.every((column) => conditions.some((condition) => this.equals(condition, name, column)));
    return (parents ?? []).every((parent) => conditions.some((condition) => existsIn(condition, parent, name)));
  }

  /** `name.column = $1`, or the same OR `name.column IS NULL`. @param {Node} condition @param {string} name @param {string} column @returns {boolean} */
  equals({ A_Expr: comparison, BoolExpr: either }, name, column) {
    if (either?.boolop === 'OR_EXPR') {
      const [first, ...others] = either.args;
      const isNull = others
        .flatMap(conjuncts)
        .every((/** @type {Node} */ other) => other.NullTest?.nulltesttype === 'IS_NULL');
      return isNull && conjuncts(first).some((/** @type {Node} */ one) => this.equals(one, name, column));
    }
    if (comparison?.name?.[0]?.String?.sval !== '=') return false;
    const fields = fieldsOf(comparison.lexpr);
    return fields.at(-1) === column && fields.at(-2) === name && this.isValue(comparison.rexpr);
  }

  /** @param {Node} node @returns {boolean} */
  isValue(node) {
    if (node?.TypeCast) return this.isValue(node.TypeCast.arg);
    return node?.ParamRef !== undefined || (this.takesLiterals && node?.A_Const !== undefined);
  }

  /**
   * Whether a statement is the one by which TypeORM hangs a node into a closure table, from rows of that table: both nodes were checked before,
   * which no text shows.
   *
   * @param {Node} statement
   */
  hangsNode({ relation, selectStmt }) {
    const tables = this.byName.get(relation.relname.toLowerCase()) ?? [];
    const sources = (selectStmt?.SelectStmt?.fromClause ?? []).flatMap(namesIn);
    if (!tables.some(({ isClosure }) => isClosure) || sources.length === 0) return false;
    if (!sources.every((/** @type {string} */ name) => name === relation.relname)) return false;
    this.found += 1;
    return true;
  }

  /** A new row gets its tenant by a parameter; one that belongs to another row was checked before, which no text shows. @param {Node} statement @param {ReadonlySet<string>} ctes */
  insert({ relation, cols, selectStmt, onConflictClause }, ctes) {
    const tables = this.byName.get(relation.relname.toLowerCase());
    if (tables === undefined || ctes.has(relation.relname)) return;
    this.found += 1;
    const owned = tables.filter(({ columns }) => columns !== undefined);
    if (owned.length === 0) return;
    const names = (cols ?? []).map((/** @type {Node} */ { ResTarget }) => ResTarget.name);
    const isStamped = owned.some(({ columns = [] }) =>
      columns.every((column) => {
        const place = names.indexOf(column);
        const rows = selectStmt?.SelectStmt?.valuesLists ?? [];
        return place !== -1 && rows.every((/** @type {Node} */ { List }) => this.isValue(List.items[place]));
      }),
    );
    if (!isStamped) this.problems.push('a row of a tenant is inserted without its tenant');
    if (onConflictClause?.action !== 'ONCONFLICT_UPDATE') return;
    const target = (onConflictClause.infer?.indexElems ?? []).map(
      (/** @type {Node} */ { IndexElem }) => IndexElem.name,
    );
    const where = conjuncts(onConflictClause.whereClause);
    const isOwn = owned.some(
      (table) =>
        table.columns?.every((column) => target.includes(column)) ||
        this.isLimited(table, relation.relname, where) ||
        table.columns?.every((column) => table.uniqueKeys[onConflictClause.infer?.conname]?.includes(column)) ||
        onConflictClause.infer?.conname === 'of_mysql',
    );
    if (!isOwn) this.problems.push('an upsert writes over a row that may be of another tenant');
  }
}

/** The parts of a condition that hold together. @param {Node} node @returns {Node[]} */
function conjuncts(node) {
  if (node === undefined || node === null) return [];
  return node.BoolExpr?.boolop === 'AND_EXPR' ? node.BoolExpr.args.flatMap(conjuncts) : [node];
}

/** The tables that a FROM names. @param {Node} from @returns {string[]} */
function namesIn({ RangeVar, JoinExpr }) {
  if (RangeVar) return [RangeVar.relname];
  return JoinExpr ? [...namesIn(JoinExpr.larg), ...namesIn(JoinExpr.rarg)] : [''];
}

/** @param {Node} node @returns {string[]} */
function fieldsOf(node) {
  return (node?.ColumnRef?.fields ?? []).map((/** @type {Node} */ { String: text }) => text?.sval);
}

/** Whether a condition asks for a row of another table that a column of this one names. @param {Node} condition @param {{ table: string, own: string[] }} parent @param {string} name @returns {boolean} */
function existsIn({ SubLink, BoolExpr }, { table, own }, name) {
  if (BoolExpr?.boolop === 'OR_EXPR')
    return BoolExpr.args.every((/** @type {Node} */ arg) =>
      conjuncts(arg).some((one) => existsIn(one, { table, own }, name)),
    );
  const select = SubLink?.subLinkType === 'EXISTS_SUBLINK' ? SubLink.subselect?.SelectStmt : undefined;
  if (select?.fromClause?.[0]?.RangeVar?.relname !== table) return false;
  return own.every((column) =>
    conjuncts(select.whereClause).some(({ A_Expr }) =>
      [A_Expr?.lexpr, A_Expr?.rexpr].some((side) => {
        const fields = fieldsOf(side);
        return fields.at(-1) === column && fields.at(-2) === name;
      }),
    ),
  );
}

/** @param {Node} node @param {ReadonlySet<string>} known @returns {ReadonlySet<string>} */
function namesWith(node, known) {
  const ctes = node?.withClause?.ctes;
  if (ctes === undefined) return known;
  return new Set([...known, ...ctes.map((/** @type {Node} */ { CommonTableExpr }) => CommonTableExpr.ctename)]);
}
