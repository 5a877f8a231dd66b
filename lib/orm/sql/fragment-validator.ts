import { BoundedCache } from '../../common/bounded-cache.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { tokenize } from './tokenizer.js';
import type { SqlDialect } from './tokenizer.js';

/** Maximum number of cached texts that passed; application code has few distinct ones. */
const REMEMBERED = 2000;
const checked = new BoundedCache<string, true>(REMEMBERED);

/**
 * Checks that a condition of the application cannot close the parentheses that are put around it, nor comment out the
 * rest.
 *
 * @param text a condition or expression as it will appear in the statement
 * @param where what the text is, for the error
 * @returns the text
 * @throws StatementRefusedError if parentheses do not balance, or there is a comment, a semicolon, an open quote or a
 * dollar quote
 */
export function assertBalancedFragment(text: string, dialect: SqlDialect, where: string): string {
  const key = `${dialect} ${text}`;
  if (checked.has(key)) return text;
  const { tokens, comments, isAmbiguous } = tokenize(text, dialect);
  if (comments.length > 0 || isAmbiguous) throw refused(`${where} contains a comment or an ambiguous quote`);
  let depth = 0;
  for (const { kind, text: token } of tokens) {
    if (kind !== 'punctuation') continue;
    if (token === ';') throw refused(`${where} contains a semicolon`);
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth < 0) throw refused(`${where} closes a bracket that it does not open`);
  }
  if (depth !== 0) throw refused(`${where} opens a bracket that it does not close`);
  checked.set(key, true);
  return text;
}

/** Keywords that end an expression outside of parentheses. */
const AFTER_EXPRESSION = new Set(
  'from where set returning order group having limit union intersect except values on select window for into'.split(
    ' ',
  ),
);

/**
 * Works like {@link assertBalancedFragment}, for a single expression in a list: it must not add another expression or
 * clause to the statement.
 *
 * @throws StatementRefusedError for a comma, or a keyword that opens another clause, outside of parentheses
 */
export function assertSingleExpression(text: string, dialect: SqlDialect, where: string): string {
  assertBalancedFragment(text, dialect, where);
  let depth = 0;
  for (const { kind, text: token } of tokenize(text, dialect).tokens) {
    if (kind === 'punctuation' && token === '(') depth += 1;
    if (kind === 'punctuation' && token === ')') depth -= 1;
    if (depth > 0) continue;
    if (kind === 'punctuation' && token === ',') throw refused(`${where} contains several expressions`);
    if (kind === 'word' && AFTER_EXPRESSION.has(token)) throw refused(`${where} opens another clause`);
  }
  return text;
}

function refused(reason: string): StatementRefusedError {
  return new StatementRefusedError(reason, 'Write one complete condition, with values as parameters.');
}
