import type { Driver, EntityManager } from 'typeorm';
import { areAlike } from '../../../orm/execution/postgres-query.js';
import type { ColumnDescription, TextRows } from '../../../orm/execution/postgres-query.js';
import type { TypeParser, TypeParsers } from '../../../orm/execution/postgres-timestamps.js';
import { columnWriter } from './json-column-writer.js';
import type { JsonMember, JsonShape } from './json-shape.js';
import type { SelectedBranch } from './selection-tree.js';
import { serializeKey } from './to-many-loader.js';
import type { ToManyLoader } from './to-many-loader.js';

type Texts = readonly (string | null)[];
/** Arrays of included rows as JSON, by the serialized key of their parent. */
type Included = ReadonlyMap<SelectedBranch, ReadonlyMap<string, string>>;
/** Writes a part of a row. */
type Write = (row: Texts, included: Included) => string | undefined;

/** A to-many relation of a selection: its rows and how they are loaded. */
interface Branch {
  readonly branch: SelectedBranch;
  readonly loader: ToManyLoader;
  readonly writer: JsonRowWriter;
  /** The key columns of a parent; it has none if a LEFT JOIN matched no row. */
  readonly parentKeys: readonly string[];
}

/** Writes a row. */
type WriteRow = (row: Texts, included: Included) => string;

/** A writer, and what it was compiled for: connections describe and parse their columns alike, as a rule. */
interface CompiledWriter {
  readonly columns: readonly ColumnDescription[];
  readonly parsers: readonly TypeParser[];
  readonly write: WriteRow;
}

/**
 * Writes rows and their included rows as JSON, from the texts that PostgreSQL sends: without entities, and without
 * objects for the columns whose text is their JSON. The result is that of serialized entities.
 */
export class JsonRowWriter {
  private readonly branches: readonly Branch[];
  /** By the description of the columns, which a connection keeps for a named statement. */
  private readonly writers = new WeakMap<readonly ColumnDescription[], WriteRow>();
  private last: CompiledWriter | undefined;

  /** @param loaders the loaders of the included to-many relations */
  constructor(
    private readonly shape: JsonShape,
    loaders: ReadonlyMap<SelectedBranch, ToManyLoader>,
    private readonly driver: Driver,
  ) {
    this.branches = [...branchesOf(shape)].map(({ branch, shape: rows, parentKeys }) => ({
      branch,
      loader: loaders.get(branch)!,
      writer: new JsonRowWriter(rows, loaders, driver),
      parentKeys,
    }));
  }

  /**
   * Returns each row as JSON.
   *
   * @param manager of the transaction that read the rows
   * @returns undefined if included rows cannot be read as texts
   */
  async write(texts: TextRows, manager: EntityManager): Promise<string[] | undefined> {
    const included = new Map<SelectedBranch, ReadonlyMap<string, string>>();
    for (const branch of this.branches) {
      const rows = await readIncluded(texts, branch, manager);
      if (rows === undefined) return undefined;
      included.set(branch.branch, rows);
    }
    const write = this.writerOf(texts);
    return texts.rows.map((row) => write(row, included));
  }

  private writerOf({ columns, types }: TextRows): WriteRow {
    const known = this.writers.get(columns);
    if (known !== undefined) return known;
    const parsers = columns.map(({ dataTypeID, format }) => types.getTypeParser(dataTypeID, format));
    if (this.last === undefined || !isFor(this.last, columns, parsers))
      this.last = { columns, parsers, write: this.rowWriter(this.shape, columns, types) };
    this.writers.set(columns, this.last.write);
    return this.last.write;
  }

  private rowWriter({ members }: JsonShape, columns: readonly ColumnDescription[], types: TypeParsers): WriteRow {
    const writes = members.map((member, i) => {
      const write = this.memberWriter(member, columns, types);
      const key = `${i === 0 ? '' : ','}${JSON.stringify(member.key)}:`;
      return { key, write };
    });
    return (row, included) => {
      let json = '{';
      for (const { key, write } of writes) {
        const value = write(row, included);
        if (value === undefined) continue;
        json += json === '{' && key.startsWith(',') ? key.slice(1) + value : key + value;
      }
      return `${json}}`;
    };
  }

  private memberWriter(member: JsonMember, columns: readonly ColumnDescription[], types: TypeParsers): Write {
    if (member.kind === 'column') {
      const at = indexOf(columns, member.name);
      const write = columnWriter(member.field, columns[at], types, this.driver);
      return (row) => write(row[at]);
    }
    if (member.kind === 'row') {
      const keys = member.shape.keys.map((name) => indexOf(columns, name));
      const write = this.rowWriter(member.shape, columns, types);
      return (row, included) => (keys.some((at) => row[at] !== null) ? write(row, included) : 'null');
    }
    const keyOf = keyReader(
      member.branch.keys.map(({ name }) => name),
      columns,
      types,
    );
    return (row, included) => included.get(member.branch)?.get(serializeKey(keyOf(row))) ?? '[]';
  }
}

function isFor(
  compiled: CompiledWriter,
  columns: readonly ColumnDescription[],
  parsers: readonly TypeParser[],
): boolean {
  return areAlike(compiled.columns, columns) && parsers.every((parser, i) => parser === compiled.parsers[i]);
}

/** Loads the rows of a to-many relation for all parents. */
async function readIncluded(
  { columns, rows, types }: TextRows,
  { branch, loader, writer, parentKeys }: Branch,
  manager: EntityManager,
): Promise<ReadonlyMap<string, string> | undefined> {
  const present = parentKeys.map((name) => indexOf(columns, name));
  const parents = rows.filter((row) => present.some((at) => row[at] !== null));
  const byParent = new Map<string, string>();
  if (parents.length === 0) return byParent;
  const names = branch.keys.map(({ name }) => name);
  const keys = parents.map(keyReader(names, columns, types));
  const related = await loader.readTexts(keys, manager);
  const texts = related && (await writer.write(related, manager));
  if (texts === undefined) return undefined;
  const parentOf = keyReader(loader.parentKeys, related!.columns, related!.types);
  const lists = new Map<string, string[]>();
  for (const [i, text] of texts.entries()) {
    const key = serializeKey(parentOf(related!.rows[i]));
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [text]);
    else list.push(text);
  }
  for (const [key, list] of lists) byParent.set(key, `[${list.join()}]`);
  return byParent;
}

function keyReader(
  names: readonly string[],
  columns: readonly ColumnDescription[],
  types: TypeParsers,
): (row: Texts) => unknown[] {
  const parts = names.map((name) => {
    const at = indexOf(columns, name);
    return { at, parse: types.getTypeParser(columns[at].dataTypeID, columns[at].format) };
  });
  return (row) =>
    parts.map(({ at, parse }) => {
      const text = row[at];
      return text === null ? null : parse(text);
    });
}

function indexOf(columns: readonly ColumnDescription[], wanted: string): number {
  return columns.findIndex(({ name }) => name === wanted);
}

function* branchesOf(
  shape: JsonShape,
): Generator<{ readonly branch: SelectedBranch; readonly shape: JsonShape; readonly parentKeys: readonly string[] }> {
  for (const member of shape.members) {
    if (member.kind === 'row') yield* branchesOf(member.shape);
    if (member.kind === 'rows') yield { branch: member.branch, shape: member.shape, parentKeys: shape.keys };
  }
}
