import { QueryFailedError } from 'typeorm';
import { columnOfParameter } from './parameter-column.js';

/**
 * Why a database refused a statement.
 *
 * `race` says that a concurrent transaction has won (deadlock, serialization failure), and that the database has rolled
 * back the whole transaction. `unavailable` says that the same statement may succeed later: a timeout, a server that
 * stops or starts, a lost connection.
 */
export type DatabaseErrorKind =
  'unique' | 'exclusion' | 'foreign-key' | 'not-null' | 'check' | 'data' | 'race' | 'unavailable' | 'other';

/** What a database's error says about its cause, without values. */
export interface DatabaseError {
  readonly kind: DatabaseErrorKind;
  /** The name of the violated constraint or index; undefined if the database does not name one. */
  readonly constraint: string | undefined;
  /** The table of the constraint, without its schema; only PostgreSQL names it. */
  readonly table: string | undefined;
  /** The schema of the table; only PostgreSQL names it. */
  readonly schema: string | undefined;
  /** The names of the columns that the error names, as in the database. */
  readonly columns: readonly string[];
  /** Whether the columns are those of an expression, among other names of it. */
  readonly isExpression: boolean;
  /** Foreign keys: true if the written row refers to none, false if others refer to it; undefined if it is not told. */
  readonly isMissingReference: boolean | undefined;
}

/** The properties of a driver's error that are read. */
interface DriverError {
  readonly code?: string | number;
  readonly errno?: number;
  readonly constraint?: string;
  /** PostgreSQL: `Key (organization_id, email)=(1, a@b.example) already exists.` */
  readonly detail?: string;
  readonly table?: string;
  readonly schema?: string;
  /** PostgreSQL: the column of a NOT NULL violation. */
  readonly column?: string;
  /** PostgreSQL: `unnamed portal parameter $3 = '...'` for a text that is none of the parameter's type. */
  readonly where?: string;
  /** The number of that parameter, if the text was removed. */
  readonly parameter?: number;
  readonly message: string;
}

/** The kind of an error by PostgreSQL's code; class 22 is about data, 54000 about a value too long for its index. */
const POSTGRES_KINDS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/^23505$/, 'unique'],
  [/^23P01$/, 'exclusion'],
  // Since PostgreSQL 18, RESTRICT has a code of its own.
  [/^(?:23503|23001)$/, 'foreign-key'],
  [/^23502$/, 'not-null'],
  // A CHECK constraint, and the WITH CHECK OPTION of a view.
  [/^(?:23514|44000)$/, 'check'],
  [/^(?:22...|54000)$/, 'data'],
  // Serialization failure and deadlock.
  [/^(?:40001|40P01)$/, 'race'],
  // Lock, statement and session timeouts, shutdown and start, exhausted resources, and a lost connection.
  [/^(?:55P03|57014|57P0[1235]|25P0[34]|53...|08...)$/, 'unavailable'],
];
/** By the error number of MySQL and MariaDB. */
const MYSQL_KINDS: ReadonlyMap<number | undefined, DatabaseErrorKind> = new Map([
  ...[1062, 1586].map((errno) => [errno, 'unique'] as const),
  ...[1216, 1217, 1451, 1452].map((errno) => [errno, 'foreign-key'] as const),
  ...[1048, 1364].map((errno) => [errno, 'not-null'] as const),
  ...[1369, 3819, 4025].map((errno) => [errno, 'check'] as const),
  // Deadlock, and a row that has changed since the snapshot of the transaction.
  ...[1020, 1213].map((errno) => [errno, 'race'] as const),
  // Too many connections, disk full, shutdown, lock and statement timeouts, an ended session, and a lost connection.
  ...[1021, 1040, 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1226, 1317, 1927, 1969].map(
    (errno) => [errno, 'unavailable'] as const,
  ),
  ...[2006, 2013, 3024, 3572, 4031].map((errno) => [errno, 'unavailable'] as const),
  ...[1264, 1265, 1292, 1366, 1406, 1416, 1525].map((errno) => [errno, 'data'] as const),
]);
/** By SQLite's message. SQLite stores any value in any column, so no error is about data. */
const SQLITE_KINDS: readonly (readonly [RegExp, DatabaseErrorKind])[] = [
  [/UNIQUE constraint failed/, 'unique'],
  [/FOREIGN KEY constraint failed/, 'foreign-key'],
  [/NOT NULL constraint failed/, 'not-null'],
  [/CHECK constraint failed/, 'check'],
  [/^(?:SQLITE_(?:BUSY|LOCKED|FULL)|database (?:(?:table |schema )?is locked|or disk is full))/, 'unavailable'],
];
/** By the code of Node or a client library, of a connection that is lost. */
const LOST_CONNECTION_CODES =
  /^(?:E(?:CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NETDOWN|NETRESET|AI_AGAIN|NOTFOUND)|PROTOCOL_CONNECTION_LOST|PROTOCOL_SEQUENCE_TIMEOUT|PROTOCOL_ENQUEUE_AFTER_\w+)$/;
/** By the message of a client library, whose errors of this kind have no code. */
const LOST_CONNECTION_MESSAGES =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed)|timeout exceeded when trying to connect|Query read timeout|Cannot use a pool after calling end|Can't add new command when connection is in closed state|Pool is closed|No connections available|Queue limit reached)/;

/**
 * Reads the error of a driver. It is the only place that knows the codes and messages of the databases.
 *
 * @returns undefined if neither a statement nor a connection failed
 */
export function parseDriverError(failure: unknown): DatabaseError | undefined {
  if (connectionErrors.has(failure as object)) return CONNECTION_ERROR;
  if (!(failure instanceof QueryFailedError)) return undefined;
  const error = failure.driverError as DriverError;
  const kind = kindOf(error);
  const { names, isExpression } = namedColumns(kind, error, failure.query);
  const { table, schema } = error;
  const isMissingReference = MISSING_REFERENCES.get(error.errno);
  return { kind, constraint: constraintOf(error), table, schema, columns: names, isExpression, isMissingReference };
}

/** MySQL and MariaDB: a written row refers to none, or other rows refer to it. */
const MISSING_REFERENCES: ReadonlyMap<number | undefined, boolean> = new Map([
  [1216, true],
  [1452, true],
  [1217, false],
  [1451, false],
]);

/**
 * Returns the number of the parameter whose text PostgreSQL could not read. Other contexts, as of triggers, quote SQL
 * before a number.
 */
export function refusedParameter({ where, parameter }: Partial<DriverError>): number | undefined {
  const told = /^[^"'\n]*?\$(\d+)/.exec(where ?? '')?.[1];
  return told === undefined ? parameter : Number(told);
}

/** Returns the kind of an error after which the same work may succeed; undefined for any other one. */
export function retryableKindOf(failure: unknown): 'race' | 'unavailable' | undefined {
  const kind = parseDriverError(failure)?.kind;
  return kind === 'race' || kind === 'unavailable' ? kind : undefined;
}

const CONNECTION_ERROR: DatabaseError = {
  kind: 'unavailable',
  constraint: undefined,
  table: undefined,
  schema: undefined,
  columns: [],
  isExpression: false,
  isMissingReference: undefined,
};

const connectionErrors = new WeakSet<object>();

/** Records that an error is one of opening a connection: nothing else tells it from an error of another server. */
export function noteConnectionError(error: unknown): void {
  if (typeof error === 'object' && error !== null) connectionErrors.add(error);
}

function kindOf(error: DriverError): DatabaseErrorKind {
  const { code, errno, message } = error;
  // The types of extensions have codes of their own.
  if (refusedParameter(error) !== undefined) return 'data';
  const text = typeof code === 'string' ? code : '';
  const told =
    POSTGRES_KINDS.find(([pattern]) => pattern.test(text)) ?? SQLITE_KINDS.find(([pattern]) => pattern.test(message));
  if (told !== undefined) return told[1];
  const isLost = LOST_CONNECTION_CODES.test(text) || (text === '' && LOST_CONNECTION_MESSAGES.test(message));
  return MYSQL_KINDS.get(errno) ?? (isLost ? 'unavailable' : 'other');
}

/**
 * PostgreSQL names the constraint. MySQL: `Duplicate entry … for key 'ticket.subject'`, or `CONSTRAINT `fk` FOREIGN
 * KEY`. SQLite names those of CHECK, and an index over an expression.
 */
function constraintOf({ constraint, message }: DriverError): string | undefined {
  if (constraint !== undefined) return constraint;
  const told = CONSTRAINT_NAMES.map((pattern) => pattern.exec(message)).find((match) => match !== null);
  return told?.[1];
}

const CONSTRAINT_NAMES = [
  /for key '(?:[^'.]*\.)?([^'.]+)'$/,
  /CONSTRAINT `([^`]+)`/,
  /^Check constraint '([^']+)'/,
  /CHECK constraint failed: (\w+)$/,
  /UNIQUE constraint failed: index '(.+)'$/,
];

/** The names of columns in an error. */
interface NamedColumns {
  readonly names: readonly string[];
  readonly isExpression: boolean;
}

function namedColumns(kind: DatabaseErrorKind, error: DriverError, query: string): NamedColumns {
  const { column, detail, message } = error;
  switch (kind) {
    case 'foreign-key': {
      const [, key = ''] = /FOREIGN KEY \(((?:`[^`]+`(?:, )?)+)\)/.exec(message) ?? [];
      return columnsOfDetail(detail) ?? plain([...key.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    }
    case 'data': {
      const named = column ?? columnOfData(error, query);
      return plain(named === undefined ? [] : [named]);
    }
    case 'unique':
    case 'exclusion':
      return columnsOfDetail(detail) ?? plain(columnsOfList(/UNIQUE constraint failed: (?!index ')(.+)/.exec(message)));
    case 'not-null': {
      const named = column ?? /(?:Column|Field) '([^']+)'/.exec(message)?.[1];
      return plain(named === undefined ? columnsOfList(/NOT NULL constraint failed: (.+)/.exec(message)) : [named]);
    }
    case 'check':
    case 'race':
    case 'unavailable':
    case 'other':
      return plain([]);
  }
}

/** MySQL and MariaDB name the column, after the value: `… for column `desk`.`ticket`.`ip` at row 1`. */
function columnOfData(error: DriverError, query: string): string | undefined {
  const parameter = refusedParameter(error);
  return parameter === undefined
    ? / for column (?:`[^`]*`\.){0,2}[`']([^`']+)[`'] at row \d+$/.exec(error.message)?.[1]
    : columnOfParameter(query, parameter);
}

function plain(names: readonly string[]): NamedColumns {
  return { names, isExpression: false };
}

/** Parses the detail of a PostgreSQL error, also columns inside an expression: `Key (lower(email::text))=(…)`. */
function columnsOfDetail(detail: string | undefined): NamedColumns | undefined {
  // The message is translated, but the format of the key is not.
  const key = detail?.match(/\((.+?)\)=\(/)?.[1];
  if (key === undefined) return undefined;
  const names = key.match(/"(?:[^"]|"")+"|[^\W\d]\w*/g) ?? [];
  return {
    names: names.map((name) => name.replace(/^"|"$/g, '').replaceAll('""', '"')),
    isExpression: names.join(', ') !== key,
  };
}

/** Parses a list of column names: `ticket.subject, ticket.number`. */
function columnsOfList(match: RegExpExecArray | null): string[] {
  return match?.[1].split(', ').map((name) => name.slice(name.indexOf('.') + 1)) ?? [];
}
