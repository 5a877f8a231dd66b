import type { EntityMetadata } from 'typeorm';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { authorityOver, isUnscoped, plainScope } from './authority.js';
import type { Policies } from './policies.js';
import { readShape } from './sql/mentions.js';
import type { StatementShape, TableMention } from './sql/mentions.js';
import { readTokens } from './sql/tokens.js';
import type { SqlDialect, SqlToken, SqlTokens } from './sql/tokens.js';

/** How many statements' verdicts are remembered, and how long a text may be to be. */
const REMEMBERED = 2000;
const REMEMBERED_LENGTH = 20_000;

/** Statements that read table positions as this reader does; any other one is searched for the bare name. */
const READABLE_VERBS = new Set([
  'select',
  'with',
  'values',
  'insert',
  'update',
  'delete',
  'replace',
  'upsert',
  'explain',
]);
/** Statements that run SQL which stands elsewhere. */
const DYNAMIC_VERBS = new Set(['do', 'execute', 'exec', 'prepare', 'call', 'copy', 'handler', 'load']);
/** Functions that run SQL given as text, or read a table given by name. */
const DYNAMIC_FUNCTIONS =
  /^(?:query_to_xml|query_to_xml_and_xmlschema|query_to_xmlschema|cursor_to_xml|cursor_to_xmlschema|table_to_xml|table_to_xml_and_xmlschema|table_to_xmlschema|schema_to_xml\w*|database_to_xml\w*|dblink\w*|xpath_table|crosstab\w*|ts_stat|ts_rewrite|load_extension|pg_read_file|pg_read_binary_file|lo_export|load_file)$/;

const INSTEAD =
  "Use a repository or query builder, which is scoped, or say tenancy.unscoped('why', fn) where the statement is meant to run over all tenants.";

/**
 * Reads statements for tables whose rows belong to tenants. It is a net beneath the scoped query builders: it catches what reached a
 * statement as text, and refuses what it cannot read.
 */
export class StatementAudit {
  private readonly issued = new Map<string, string | undefined>();
  private readonly raw = new Map<string, string | undefined>();

  constructor(
    private readonly policies: Policies,
    private readonly dialect: SqlDialect,
  ) {}

  /**
   * Checks a statement that a query builder made: every limited table in it carries its predicate.
   *
   * @param sql with named parameters
   * @param inserts tables (lower case) that scoped builders insert into in this statement, once per insert
   * @throws StatementRefusedError or TenantScopeMissingError
   */
  checkIssued(sql: string, inserts: readonly string[]): void {
    if (isUnscoped()) return;
    const key = inserts.length === 0 ? sql : `${inserts.join(',')} ${sql}`;
    this.refuse(this.verdict(this.issued, key, sql, (tokens) => this.findUnscoped(sql, tokens, inserts)));
  }

  /**
   * Checks a statement that was written by hand: it names no limited table, and builds no SQL.
   *
   * @throws StatementRefusedError or TenantScopeMissingError
   */
  checkRaw(sql: string): void {
    if (isUnscoped()) return;
    this.refuse(this.verdict(this.raw, sql, sql, (tokens) => this.findLimited(tokens)));
  }

  private verdict(
    memory: Map<string, string | undefined>,
    key: string,
    sql: string,
    find: (tokens: SqlTokens) => string | undefined,
  ): string | undefined {
    // An unscoped section for some entities is rare: its verdicts are not those of others, so they are not remembered.
    const memorable = plainScope() !== undefined && key.length <= REMEMBERED_LENGTH;
    if (memorable && memory.has(key)) return memory.get(key);
    const problem = find(readTokens(sql, this.dialect));
    // Refusals are not remembered: what is refused as undeclared may be declared later.
    if (memorable && problem === undefined) {
      if (memory.size >= REMEMBERED) memory.clear();
      memory.set(key, problem);
    }
    return problem;
  }

  private refuse(problem: string | undefined): void {
    if (problem === undefined) return;
    // With no scope at all that is the nearer reason.
    authorityOver(undefined);
    throw new StatementRefusedError(problem, INSTEAD);
  }

  private findUnscoped(sql: string, { tokens, hidesSql }: SqlTokens, inserts: readonly string[]): string | undefined {
    if (hidesSql) return 'it contains a quote or comment that cannot be read';
    const shape = readShape(tokens);
    const dynamic = findDynamic(tokens, shape) ?? this.findShadow(shape);
    if (dynamic !== undefined) return dynamic;
    if (shape.verbs.length > 1) return 'it contains more than one statement';

    const expected = [...inserts];
    const claims = new Claims(sql, tokens, shape);
    for (const mention of shape.mentions) {
      const limited = this.limitedBehind(mention.table);
      if (limited.length === 0) continue;
      if (mention.inserted) {
        const index = expected.indexOf(mention.table);
        if (index === -1) return `it inserts into ${limited[0].name} by hand`;
        expected.splice(index, 1);
      } else if (!limited.some((metadata) => claims.take(mention, this.predicateFor(metadata, mention)))) {
        return `it reads ${limited[0].name} without its tenant predicate`;
      }
    }
    return undefined;
  }

  private findLimited({ tokens, hidesSql }: SqlTokens): string | undefined {
    const shape = readShape(tokens);
    const problem = findDynamic(tokens, shape) ?? this.findShadow(shape);
    if (problem !== undefined) return problem;
    if (hidesSql) return 'it contains a quote or comment that cannot be read';
    const mention = shape.mentions.find(({ table }) => this.limitedBehind(table).length > 0);
    if (mention !== undefined) return `it names the table of ${this.limitedBehind(mention.table)[0].name}, by hand`;
    if (shape.verbs.every((verb) => READABLE_VERBS.has(verb))) return undefined;
    const word = tokens.find(
      ({ kind, text }) => (kind === 'word' || kind === 'name') && this.limitedBehind(text).length > 0,
    );
    return word && `it names the table of ${this.limitedBehind(word.text)[0].name}, by hand`;
  }

  /** A common table expression that is named like a limited table would stand in its place, in predicates too. */
  private findShadow({ cteNames }: StatementShape): string | undefined {
    const name = cteNames.find((cte) => this.policies.guarded(cte).length > 0);
    return name && `a common table expression is named like the table of ${this.policies.guarded(name)[0].name}`;
  }

  private limitedBehind(table: string): readonly EntityMetadata[] {
    return this.policies.guarded(table).filter((metadata) => this.isLimited(metadata));
  }

  private isLimited(metadata: EntityMetadata): boolean {
    try {
      return authorityOver(metadata) !== 'everything';
    } catch {
      return true;
    }
  }

  private predicateFor(metadata: EntityMetadata, { alias }: TableMention): string {
    const { driver } = this.policies;
    return this.policies.text(metadata, alias === undefined ? this.policies.table(metadata) : driver.escape(alias));
  }
}

/** Matches predicates with the tables that they limit: each occurrence answers for one table, in the same bracket or next to it. */
class Claims {
  private readonly taken = new Set<number>();
  private readonly code: string;

  constructor(
    sql: string,
    tokens: readonly SqlToken[],
    private readonly shape: StatementShape,
  ) {
    // Only code counts: what stands in a literal or a comment limits nothing.
    this.code = blankOut(sql, tokens);
  }

  take({ bracket }: TableMention, predicate: string): boolean {
    for (let at = this.find(predicate, 0); at !== -1; at = this.find(predicate, at + 1)) {
      if (this.taken.has(at) || !this.limits(at, bracket)) continue;
      this.taken.add(at);
      return true;
    }
    return false;
  }

  private find(predicate: string, from: number): number {
    return predicate === '' ? -1 : this.code.indexOf(lowerCase(predicate), from);
  }

  /** A predicate stands in the bracket of its table, one deeper (`WHERE ( … )`), or beside it (a join group). */
  private limits(at: number, bracket: number): boolean {
    const { parents } = this.shape.brackets;
    const own = this.shape.brackets.at(at);
    return own === bracket || parents[own] === bracket || own === parents[bracket] || parents[own] === parents[bracket];
  }
}

function blankOut(sql: string, tokens: readonly SqlToken[]): string {
  let code = '';
  let at = 0;
  for (const token of tokens) {
    // Between tokens stand white space and comments.
    const gap = sql.slice(at, token.start);
    code += gap.trim() === '' ? gap : ' '.repeat(gap.length);
    const text = sql.slice(token.start, token.end);
    code += token.kind === 'literal' && text.startsWith("'") ? ' '.repeat(text.length) : lowerCase(text);
    at = token.end;
  }
  return code;
}

/** Lower case that keeps every character where it is: some have a longer one. */
function lowerCase(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function findDynamic(tokens: readonly SqlToken[], { verbs }: StatementShape): string | undefined {
  const verb = verbs.find((word) => DYNAMIC_VERBS.has(word));
  if (verb !== undefined) return `${verb.toUpperCase()} runs SQL that cannot be read here`;
  const call = tokens.find(
    ({ kind, text }, i) =>
      kind !== 'literal' && kind !== 'punctuation' && DYNAMIC_FUNCTIONS.test(text) && tokens[i + 1]?.text === '(',
  );
  return call && `${call.text}() runs SQL that cannot be read here`;
}
