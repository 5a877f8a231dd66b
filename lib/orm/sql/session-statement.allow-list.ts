import type { SqlToken } from './tokenizer.js';

/**
 * Statements that begin and end transactions. Only TypeORM's query runner may send them: a connection goes back to the
 * pool, and other callers use it next.
 */
const TRANSACTION = [
  /^(?:begin|start)(?: (?:transaction|work|deferred|immediate|exclusive|isolation|level|read|write|only|committed|uncommitted|repeatable|serializable|,))*$/,
  /^(?:commit|end|rollback)(?: (?:transaction|work))?$/,
  /^set transaction [a-z ]+$/,
  // The query runner sets SQLite's isolation level by it.
  /^pragma read_uncommitted = (?:true|false)$/,
];
/** Savepoints, allowed inside a transaction. */
const SAVEPOINT = [
  /^rollback(?: (?:transaction|work))? to(?: savepoint)? \S+$/,
  /^(?:savepoint|release(?: savepoint)?) \S+$/,
];
/** Statements that read the schema or session settings, or whose effect ends with the transaction. */
const HARMLESS = [
  /^set local (?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout) (?:=|to) \S*$/,
  /^show (?:server_version|server_encoding|client_encoding|search_path|timezone|time zone|transaction_isolation|transaction isolation level|statement_timeout|standard_conforming_strings|tables|variables)$/,
  // NOTIFY sends the tenant's own data. LISTEN is refused, because it would receive other tenants' messages.
  /^notify /,
  /^pragma (?:table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list) \( [^()]+ \)$/,
  /^pragma (?:table_list|database_list|foreign_keys|user_version|schema_version|encoding)$/,
];

/** The state of a query runner when a statement reaches it. */
export interface RunnerState {
  /** True while the query runner itself begins, commits or rolls back. */
  readonly isTransactionControl: boolean;
  readonly inTransaction: boolean;
  /** Whether the database limits the statement to the current scope by row-level security. */
  readonly isRowSecured: boolean;
}

/**
 * Checks whether a single statement that neither reads nor writes rows is allowed, because it affects no other caller.
 */
export function isAllowed(tokens: readonly SqlToken[], { isTransactionControl, inTransaction }: RunnerState): boolean {
  const words = tokens.map(({ text }) => text);
  if (words.at(-1) === ';') words.pop();
  if (words.includes(';')) return false;
  const text = words.join(' ');
  const allowed = [
    ...HARMLESS,
    ...(inTransaction || isTransactionControl ? SAVEPOINT : []),
    ...(isTransactionControl ? TRANSACTION : []),
  ];
  return allowed.some((pattern) => pattern.test(text));
}
