// @ts-check
// Reads the statements that tests have sent (TEST_STATEMENTS=folder npm test), and looks in each for the tenant's predicate on every table of tenants:
//   node test/security/statements/audit.mjs reports/statements
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule, parseSync } from 'libpg-query';
import { inPostgres } from './dialects.mjs';
import { StatementReader } from './statement-reader.mjs';

/** @typedef {import('./statement-reader.mjs').Table} Table */
/** @typedef {{ sql: string, tables: string, dialect: string, situation: string, why?: string, entities?: string[] }} Statement */

await loadModule();
const folder = process.argv[2] ?? 'reports/statements';
const counts = { scoped: 0, withoutTables: 0, unscoped: 0, refused: 0 };
/** @type {Map<string, number>} */
const reasons = new Map();
/** @type {{ statement: Statement, problem: string }[]} */
const unexplained = [];
/** @type {Set<string>} */
const seen = new Set();

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  /** @type {{ tables: Record<string, Table[]>, statements: Statement[] }} */
  const { tables, statements } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  for (const statement of statements) {
    const key = JSON.stringify(statement);
    if (seen.has(key)) continue;
    seen.add(key);
    audit(statement, tables[statement.tables]);
  }
}

console.log(`Statements audited: ${seen.size}`);
console.log(`  ${counts.scoped} name tables of tenants, and carry the predicate of each`);
console.log(`  ${counts.withoutTables} name none`);
console.log(`  ${counts.refused} are none that the database takes: tests have tried to send them`);
console.log(`  ${counts.unscoped} ran unscoped, for ${reasons.size} reasons that code gave:`);
for (const [why, count] of [...reasons].sort(([, one], [, other]) => other - one).slice(0, 40))
  console.log(`    ${count} × ${why}`);
console.log(`  ${unexplained.length} unexplained`);
/** @type {Map<string, { statement: Statement, problem: string }[]>} */
const groups = new Map();
for (const one of unexplained) groups.set(one.problem, [...(groups.get(one.problem) ?? []), one]);
for (const [problem, all] of [...groups].sort(([, one], [, other]) => other.length - one.length).slice(0, 40))
  console.log(
    `    ${all.length} × ${problem}\n        ${all[0].statement.dialect}, ${all[0].statement.situation}: ${all[0].statement.sql.slice(0, 600)}`,
  );
process.exitCode = unexplained.length === 0 && seen.size > 0 ? 0 : 1;

/** @param {Statement} statement @param {readonly Table[]} tables */
function audit(statement, tables) {
  const { situation, why, entities = [], sql, dialect } = statement;
  if (situation === 'unscoped') {
    counts.unscoped += 1;
    reasons.set(String(why), (reasons.get(String(why)) ?? 0) + 1);
    return;
  }
  const limited = tables.filter(
    ({ kind, entity }) => (kind === 'columns' || kind === 'parents') && !entities.includes(entity),
  );
  const mentioned = limited.filter(({ table }) => sql.toLowerCase().includes(table.toLowerCase()));
  if (mentioned.length === 0) {
    counts.withoutTables += 1;
    return;
  }
  /** @type {import('libpg-query').ParseResult} */
  let parsed;
  try {
    parsed = parseSync(inPostgres(sql, dialect));
  } catch (error) {
    // PostgreSQL has the same grammar, so it ran nothing either. MariaDB was asked: it takes a minus before a bracket for a syntax error too.
    if (dialect === 'postgres' || /-NULL-\s*\)/.test(sql)) counts.refused += 1;
    else unexplained.push({ statement, problem: `cannot be parsed: ${/** @type {Error} */ (error).message}` });
    return;
  }
  const reader = new StatementReader(limited, dialect === 'sqlite');
  for (const { stmt } of parsed.stmts ?? []) reader.read(stmt);
  if (reader.problems.length > 0) unexplained.push({ statement, problem: reader.problems[0] });
  else if (reader.found === 0) counts.withoutTables += 1;
  else counts.scoped += 1;
}
