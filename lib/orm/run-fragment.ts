import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { StatementRefusedError } from '../exceptions/statement-refused.error.js';
import { OwnedReference, TableReference } from '../tenancy/scoped-sql.js';
import type { SqlFragment } from '../tenancy/scoped-sql.js';
import { requireEnforcement } from './enforcement.js';
import type { Enforcement } from './enforcement.js';
import { readTokens } from './sql/tokens.js';

/** Words that make a statement a write. A report has none. */
const WRITING_WORDS = new Set([
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'drop',
  'alter',
  'create',
  'grant',
  'lock',
]);

/**
 * Renders a hand-written report, verifies that each limited table in it carries its predicate, and runs it.
 *
 * @returns the rows
 * @throws StatementRefusedError when it writes, or reads a scoped table without `owned('alias')`
 */
export async function runFragment({ manager, texts, values }: SqlFragment): Promise<unknown[]> {
  const enforcement = requireEnforcement(manager.dataSource);
  const parameters: ObjectLiteral = {};
  const aliases = new Map<string, EntityMetadata>();
  for (const value of values) {
    if (value instanceof TableReference) aliases.set(value.alias, manager.dataSource.getMetadata(value.entity));
  }
  const pieces = texts.map(
    (text, i) => text + (i < values.length ? render(values[i], i, enforcement, aliases, parameters) : ''),
  );
  const sql = pieces.join('');
  requireReport(sql, enforcement);
  const [query, bound] = manager.dataSource.driver.escapeQueryWithParameters(sql, parameters);
  return manager.query<unknown[]>(query, bound);
}

function render(
  value: unknown,
  index: number,
  { policies }: Enforcement,
  aliases: ReadonlyMap<string, EntityMetadata>,
  parameters: ObjectLiteral,
): string {
  const { driver } = policies;
  if (value instanceof TableReference) {
    return `${policies.table(aliases.get(value.alias)!)} ${driver.escape(value.alias)}`;
  }
  if (value instanceof OwnedReference) {
    const metadata = aliases.get(value.alias);
    if (metadata === undefined) {
      throw new StatementRefusedError(
        `owned('${value.alias}') belongs to no table`,
        `Name it: table(Entity, '${value.alias}').`,
      );
    }
    return policies.predicate(metadata, driver.escape(value.alias)) || '1 = 1';
  }
  const name = `muck_value_${index}`;
  parameters[name] = value;
  return Array.isArray(value) ? `:...${name}` : `:${name}`;
}

function requireReport(sql: string, { dialect }: Enforcement): void {
  const { tokens } = readTokens(sql, dialect);
  const first = tokens[0];
  const writes = tokens.find(({ kind, text }) => kind === 'word' && WRITING_WORDS.has(text));
  const selectsInto = tokens.some(({ kind, text }) => kind === 'word' && text === 'into');
  if ((first?.text === 'select' || first?.text === 'with') && writes === undefined && !selectsInto) return;
  throw new StatementRefusedError('tenancy.sql is for reading', 'Write through a repository or query builder.');
}
