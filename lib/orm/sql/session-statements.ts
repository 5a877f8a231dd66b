import type { SqlToken } from './tokens.js';

/**
 * Statements that begin and end transactions, ask about the schema or the session, or say something to listeners. What else is no
 * reading or writing of rows changes the schema, the session or the server for all tenants.
 */
const HARMLESS = [
  /^(?:begin|start)(?: (?:transaction|work|deferred|immediate|exclusive|isolation|level|read|write|only|committed|uncommitted|repeatable|serializable|,))*$/,
  /^(?:commit|end|rollback)(?: (?:transaction|work))?$/,
  /^rollback(?: (?:transaction|work))? to(?: savepoint)? \S+$/,
  /^(?:savepoint|release(?: savepoint)?) \S+$/,
  /^set (?:local |session )?transaction [a-z ]+$/,
  /^set local (?:statement_timeout|lock_timeout|idle_in_transaction_session_timeout) (?:=|to) \S+$/,
  /^show [\w .]+$/,
  /^(?:listen|unlisten|notify) /,
  /^pragma (?:table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list) \( [^()]+ \)$/,
  /^pragma (?:table_list|database_list|foreign_keys|user_version|schema_version|encoding)$/,
  // TypeORM sets it for the isolation level of a transaction.
  /^pragma read_uncommitted = (?:true|false)$/,
];

/** Whether a statement that neither reads nor writes rows changes nothing for anybody else. One statement at a time. */
export function isHarmless(tokens: readonly SqlToken[]): boolean {
  const words = tokens.map(({ text }) => text);
  if (words.at(-1) === ';') words.pop();
  if (words.includes(';')) return false;
  const text = words.join(' ');
  return HARMLESS.some((pattern) => pattern.test(text));
}
