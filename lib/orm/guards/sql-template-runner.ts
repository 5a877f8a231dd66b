import type { ObjectLiteral } from 'typeorm';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { TablePlaceholder } from '../../tenancy/context/sql-template.js';
import type { SqlTemplate } from '../../tenancy/context/sql-template.js';
import { requireEnforcement } from '../enforcement/enforcement.js';
import type { Enforcement } from '../enforcement/enforcement.js';
import { parseNamedParameters } from '../sql/parameter-binding.js';
import { tokenize } from '../sql/tokenizer.js';

/** Keywords of writing statements, which a read-only raw SQL query must not contain. */
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
 * Renders a read-only raw SQL query, verifies that it names tenant-scoped tables by `table()` only, and runs it.
 *
 * @returns the rows
 * @throws StatementRefusedError if it writes, or names a tenant-scoped table directly
 */
export async function executeSqlTemplate({ manager, texts, values }: SqlTemplate): Promise<unknown[]> {
  const enforcement = requireEnforcement(manager.dataSource);
  const parameters: ObjectLiteral = {};
  const pieces = values.map((value, i) => {
    if (value instanceof TablePlaceholder) return renderTable(value, enforcement);
    const name = `muck_value_${i}`;
    parameters[name] = value;
    return Array.isArray(value) ? `:...${name}` : `:${name}`;
  });
  const sql = texts.map((text, i) => `${text}${pieces[i] ?? ''}`).join('');
  assertReadOnly(sql, enforcement);
  const placed = new Set(parseNamedParameters(sql, enforcement.dialect).parameters.map(({ name }) => name));
  if (Object.keys(parameters).some((name) => !placed.has(name))) {
    throw new StatementRefusedError(
      'a value is inside quotes or an identifier',
      'Leave the quotes out: values become parameters.',
    );
  }
  const [query, bound] = manager.dataSource.driver.escapeQueryWithParameters(sql, parameters);
  return manager.query<unknown[]>(query, bound);
}

/** Renders a tenant-scoped table as a sub-query, so that no other part of the query can disable the predicate. */
function renderTable({ entity, alias }: TablePlaceholder, { dataSource, policies }: Enforcement): string {
  const metadata = dataSource.getMetadata(entity);
  const table = policies.table(metadata);
  const predicate = policies.predicateFor(metadata, table);
  const rows = predicate === '' ? table : `(SELECT * FROM ${table} WHERE ${predicate})`;
  return `${rows} ${policies.driver.escape(alias)}`;
}

function assertReadOnly(sql: string, { dialect }: Enforcement): void {
  const { tokens } = tokenize(sql, dialect);
  const first = tokens[0];
  const writes = tokens.find(({ kind, text }) => kind === 'word' && WRITING_WORDS.has(text));
  const selectsInto = tokens.some(({ kind, text }) => kind === 'word' && text === 'into');
  if ((first?.text === 'select' || first?.text === 'with') && writes === undefined && !selectsInto) return;
  throw new StatementRefusedError('tenancy.sql is read-only', 'Write through a repository or query builder.');
}
