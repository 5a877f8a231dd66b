import type { SqlToken } from './tokenizer.js';

/** Statements that begin and end transactions: TypeORM's query runner sends them, and nobody else may on a connection that others use next. */
const TRANSACTION = [
  /^(?:begin|start)(?: (?:transaction|work|deferred|immediate|exclusive|isolation|level|read|write|only|committed|uncommitted|repeatable|serializable|,))*$/,
  /^(?:commit|end|rollback)(?: (?:transaction|work))?$/,
  /^set transaction [a-z ]+$/,
  // Its isolation level on SQLite.
  /^pragma read_uncommitted = (?:true|false)$/,
];
/** Savepoints, for use inside a transaction. */
const SAVEPOINT = [
  /^rollback(?: (?:transaction|work))? to(?: savepoint)? \S+$/,
  /^(?:savepoint|release(?: savepoint)?) \S+$/,
];
/** Statements that ask about the schema or the session, or whose effect ends with the transaction. */
const HARMLESS = [
  /^set local (?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout) (?:=|to) \S*$/,
  /^show (?:server_version|server_encoding|client_encoding|search_path|timezone|time zone|transaction_isolation|transaction isolation level|statement_timeout|standard_conforming_strings|tables|variables)$/,
  // What a tenant's code says of its own; LISTEN would hear what others say.
  /^notify /,
  /^pragma (?:table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list) \( [^()]+ \)$/,
  /^pragma (?:table_list|database_list|foreign_keys|user_version|schema_version|encoding)$/,
];

/** What a query runner is doing when a statement comes to it. */
export interface RunnerState {
  /** It begins, commits or rolls back itself. */
  readonly isTransactionControl: boolean;
  readonly inTransaction: boolean;
}

/** Whether a statement that neither reads nor writes rows changes nothing for anybody else. One statement at a time. */
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
