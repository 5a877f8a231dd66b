import { keysOfTable } from '../../orm/policy/declared-foreign-keys.js';
import type { Snapshot } from './row-reader.js';
import { describeRow } from './stored-row.js';
import type { StoredRow } from './stored-row.js';

/** Returns what changed among the rows of a tenant between two snapshots, one line for each row. */
export function changesOf(tenant: number, before: Snapshot, after: Snapshot): string[] {
  const [old, now] = [before, after].map(({ rows }) => ownRows(rows, tenant));
  return [
    ...[...old].filter(([key]) => !now.has(key)).map(([, row]) => `${describeRow(row)} is gone`),
    ...[...now].filter(([key]) => !old.has(key)).map(([, row]) => `${describeRow(row)} was added`),
    ...[...now].flatMap(([key, row]) => {
      const previous = old.get(key);
      const changed = previous === undefined ? [] : changedColumns(previous, row);
      return changed.length === 0 ? [] : [`${describeRow(row)} was changed: ${changed.join(', ')}`];
    }),
  ];
}

/** Returns the foreign keys by which rows of one tenant reference rows of another, one line for each. */
export function crossingReferences(from: number, to: number, { rows }: Snapshot): Set<string> {
  const foreign = rows.filter((row) => row.owners.has(to) && !row.owners.has(from));
  const indexes = new Map<string, ReadonlyMap<string, StoredRow>>();
  const lines = new Set<string>();
  for (const row of rows) {
    if (!row.owners.has(from)) continue;
    if (row.owners.has(to)) lines.add(`${describeRow(row)} links rows of both tenants`);
    for (const { property, target, columns } of keysOfTable(row.metadata)) {
      const referenced = columns.map((pair) => pair.referenced.databaseName);
      const name = JSON.stringify([target.tablePath, referenced]);
      let index = indexes.get(name);
      if (index === undefined) {
        const targets = foreign.filter(({ metadata }) => metadata.tablePath === target.tablePath);
        index = new Map(targets.map((other) => [keyText(other, referenced), other]));
        indexes.set(name, index);
      }
      const own = columns.map((pair) => pair.own.databaseName);
      const found = index.get(keyText(row, own));
      if (found !== undefined) lines.add(`${describeRow(row)} references ${describeRow(found)} by ${property}`);
    }
  }
  return lines;
}

function keyText({ raw }: StoredRow, columns: readonly string[]): string {
  return JSON.stringify(columns.map((name) => String(raw[name])));
}

function ownRows(rows: readonly StoredRow[], tenant: number): Map<string, StoredRow> {
  return new Map(
    rows.filter(({ owners }) => owners.has(tenant)).map((row) => [`${row.metadata.tablePath} ${row.key}`, row]),
  );
}

function changedColumns(before: StoredRow, after: StoredRow): string[] {
  return Object.keys(after.raw).filter((name) => textOf(before.raw[name]) !== textOf(after.raw[name]));
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value);
}
