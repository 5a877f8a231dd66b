import type { PostgresDriver } from '../../common/peer-internals.js';
import type { TypeParsers } from './postgres-timestamps.js';

/** A statement that is sent before another one, in the same implicit transaction. Its result is discarded. */
export interface PreludeStatement {
  readonly text: string;
  /** In the text format of PostgreSQL. */
  readonly values: readonly (string | null)[];
  /** The name to prepare it under; by default it is parsed each time. */
  readonly name?: string | undefined;
}

/** A column of a result, as PostgreSQL describes it. */
export interface ColumnDescription {
  readonly name: string;
  /** The OID of its type. */
  readonly dataTypeID: number;
  readonly format: string;
}

/** Rows as PostgreSQL has sent them: the texts of their columns, which nothing has parsed. */
export interface TextRows {
  /** The same array for each run of a named statement on a connection, as long as PostgreSQL describes it alike. */
  readonly columns: readonly ColumnDescription[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** The parsers of the connection. */
  readonly types: TypeParsers;
}

/** A statement with positional parameters, and how its rows are read. */
export interface QueryParts {
  readonly text: string;
  readonly values: unknown[];
  /** The name of the prepared statement. */
  readonly name?: string | undefined;
  /** Statements to send before it. An error in one of them is an error of the whole. */
  readonly preludes?: readonly PreludeStatement[] | undefined;
  /** Whether the rows are left as texts. */
  readonly asTexts?: boolean | undefined;
}

/** The result that `pg` hands to a callback. */
interface Result {
  readonly rows: Readonly<Record<string, unknown>>[];
}

/** The callback of a query. It is called once. */
export type QueryDone = (error: Error | undefined, result?: Result) => void;

/** The part of a `pg` connection that is used here: it writes the messages of the protocol. */
interface Connection {
  readonly parsedStatements: Record<string, string | undefined>;
  readonly submittedNamedStatements: Record<string, string | undefined>;
  parse(message: { text: string; name: string | undefined }): void;
  bind(message: { statement: string | undefined; values: readonly (string | null)[] }): void;
  execute(message: object): void;
  describe(message: object): void;
  [DESCRIPTIONS]?: Map<string, Description>;
  [WITHOUT_DESCRIBE]?: Connection;
}

/** The members of a `pg` query that are used here, which its client calls too. */
interface Query {
  name: string | undefined;
  text: string;
  callback: QueryDone;
  readonly _result: { _types?: TypeParsers };
  requiresPreparation(): boolean;
  prepare(connection: Connection): void;
  handleRowDescription(message: { readonly fields: readonly ColumnDescription[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete(message: object, connection: Connection): void;
  handleError(error: Error, connection: Connection): void;
}
type QueryType = new (text: string, values: unknown[], done: QueryDone) => Query;

/** A query as a client accepts it. */
export interface PostgresQuery extends Pick<Query, 'name' | '_result'> {
  /** Its rows, if they are left as texts; complete when its callback is called. */
  readonly texts: TextRows;
}
/** Creates queries with preludes, and with rows as texts. */
export type PostgresQueryType = new (parts: QueryParts, done: QueryDone) => PostgresQuery;

/** How PostgreSQL has described the rows of a named statement on one connection. */
interface Description {
  readonly columns: readonly ColumnDescription[];
  /** The number of further runs that need no other description. */
  left: number;
}

/** The property of a connection with the descriptions of its statements, by name. */
const DESCRIPTIONS = Symbol('descriptions');
/** The property of a connection with a view of it that does not send Describe. */
const WITHOUT_DESCRIBE = Symbol('without describe');

/**
 * A statement is described again after so many runs. PostgreSQL itself refuses to run one whose columns have changed,
 * but a pooler may prepare it anew on another connection to the server, after a migration.
 */
const RUNS_PER_DESCRIPTION = 100;

const REQUIRED: readonly (keyof Query)[] = [
  'requiresPreparation',
  'prepare',
  'handleRowDescription',
  'handleDataRow',
  'handleCommandComplete',
  'handleError',
];

/** Returns the class `Query` of the version of `pg` that a DataSource uses. */
export function queryClassOf({ postgres }: PostgresDriver): Function {
  return (postgres as { readonly Query: Function }).Query;
}

const types = new WeakMap<Function, PostgresQueryType | undefined>();

/**
 * Returns the class of queries for a version of `pg`: a subclass of its own, which clients with `pipeline: true` need.
 * A query of this class
 *
 * - asks for the description of a named statement's rows only when the connection does not know it,
 * - sends preludes before the statement and one Sync after all, so that PostgreSQL runs them in one implicit
 *   transaction: what `set_config(name, value, true)` sets holds for the statement and for nothing else. In an open
 *   transaction it holds until that ends,
 * - leaves rows as texts if its parts say so.
 *
 * @param base the class `Query` of `pg`
 * @returns undefined for native bindings, which neither send the messages of the protocol one by one nor give texts
 * @example
 * const Query = postgresQueryType(driver.postgres.Query);
 * client.query(new Query({ text: 'SELECT 1', values: [], name: 'one' }, (error, { rows }) => …));
 */
export function postgresQueryType(base: Function): PostgresQueryType | undefined {
  if (!types.has(base)) types.set(base, isSupported(base) ? subclassOf(base as unknown as QueryType) : undefined);
  return types.get(base);
}

function isSupported(base: Function): boolean {
  const { prototype } = base as { readonly prototype?: Readonly<Record<string, unknown>> };
  return REQUIRED.every((method) => typeof prototype?.[method] === 'function');
}

function subclassOf(Base: QueryType): PostgresQueryType {
  return class extends Base implements PostgresQuery {
    /** The preludes that PostgreSQL has not completed. */
    private readonly pending: PreludeStatement[];
    private readonly textRows: (readonly (string | null)[])[] = [];
    private columns: readonly ColumnDescription[] = NO_COLUMNS;
    private connection: Connection | undefined;

    constructor(
      private readonly parts: QueryParts,
      done: QueryDone,
    ) {
      super(parts.text, parts.values, done);
      this.name = parts.name;
      this.pending = [...(parts.preludes ?? [])];
    }

    get texts(): TextRows {
      const { columns, textRows: rows } = this;
      return { columns, rows, types: this._result._types! };
    }

    override requiresPreparation(): boolean {
      return this.pending.length > 0 || super.requiresPreparation();
    }

    override prepare(connection: Connection): void {
      this.connection = connection;
      for (const prelude of this.pending) sendPrelude(connection, prelude);
      const known = descriptionOf(connection, this.name);
      if (known !== undefined) this.readAs(known.columns);
      super.prepare(known === undefined ? connection : withoutDescribe(connection));
      this.awaitNext();
    }

    override handleRowDescription({ fields }: { readonly fields: readonly ColumnDescription[] }): void {
      this.readAs(keepDescription(this.connection!, this.name, fields));
    }

    override handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
      if (this.pending.length > 0) return;
      if (this.parts.asTexts === true) this.textRows.push(message.fields);
      else super.handleDataRow(message);
    }

    override handleCommandComplete(message: object, connection: Connection): void {
      if (this.pending.shift() === undefined) super.handleCommandComplete(message, connection);
      else this.awaitNext();
    }

    override handleError(error: Error, connection: Connection): void {
      // PostgreSQL skips the rest, so what was not parsed yet will not be. The client forgets only the current name.
      if (this.pending.length > 0) forgetSubmitted(connection, [...this.pending, this.parts]);
      super.handleError(error, connection);
      // A value that cannot be sent fails before the server responds to what was sent.
      this.callback = () => undefined;
    }

    private readAs(columns: readonly ColumnDescription[]): void {
      this.columns = columns;
      if (this.parts.asTexts !== true) super.handleRowDescription({ fields: columns });
    }

    /** Sets the statement that the client takes the next messages for: it keeps the names of parsed ones. */
    private awaitNext(): void {
      const [{ name, text } = this.parts] = this.pending;
      this.name = name;
      this.text = text;
    }
  };
}

const NO_COLUMNS: readonly ColumnDescription[] = [];

function sendPrelude(connection: Connection, { text, name, values }: PreludeStatement): void {
  const { parsedStatements, submittedNamedStatements } = connection;
  if (name === undefined || (parsedStatements[name] ?? submittedNamedStatements[name]) === undefined) {
    connection.parse({ text, name });
    if (name !== undefined) submittedNamedStatements[name] = text;
  }
  connection.bind({ statement: name, values });
  connection.execute({});
}

function forgetSubmitted(
  { submittedNamedStatements }: Connection,
  statements: readonly { readonly name?: string | undefined }[],
): void {
  for (const { name } of statements) if (name !== undefined) delete submittedNamedStatements[name];
}

/** Returns the description of a statement that the connection has parsed, for one more run. */
function descriptionOf(connection: Connection, name: string | undefined): Description | undefined {
  if (name === undefined || connection.parsedStatements[name] === undefined) return undefined;
  const description = connection[DESCRIPTIONS]?.get(name);
  if (description === undefined || description.left === 0) return undefined;
  description.left -= 1;
  return description;
}

/** @returns the known columns if they are the same */
function keepDescription(
  connection: Connection,
  name: string | undefined,
  columns: readonly ColumnDescription[],
): readonly ColumnDescription[] {
  if (name === undefined) return columns;
  const descriptions = (connection[DESCRIPTIONS] ??= new Map<string, Description>());
  const known = descriptions.get(name)?.columns;
  const kept = known !== undefined && areAlike(known, columns) ? known : columns;
  descriptions.set(name, { columns: kept, left: RUNS_PER_DESCRIPTION });
  return kept;
}

/** Checks that two results have the same columns. */
export function areAlike(some: readonly ColumnDescription[], others: readonly ColumnDescription[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, dataTypeID, format }, i) => {
      const other = others[i];
      return name === other.name && dataTypeID === other.dataTypeID && format === other.format;
    })
  );
}

function withoutDescribe(connection: Connection): Connection {
  return (connection[WITHOUT_DESCRIBE] ??= Object.create(connection, {
    describe: { value: () => undefined },
  }) as Connection);
}
