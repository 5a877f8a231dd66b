import { BoundedCache } from '../../common/bounded-cache.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { tokenize } from './tokenizer.js';
import type { SqlDialect } from './tokenizer.js';

/** How many checked texts are remembered; application code has few distinct ones. */
const REMEMBERED = 2000;
const checked = new BoundedCache<string, true>(REMEMBERED);

/**
 * Makes sure that a condition which the application wrote cannot close the bracket that is put around it, nor comment out what follows.
 *
 * @param text a condition or expression as it will stand in the statement
 * @param where what it is, for the error
 * @returns the text
 * @throws StatementRefusedError when brackets do not balance, or there is a comment, a semicolon, an open quote or a dollar quote
 */
export function assertBalancedFragment(text: string, dialect: SqlDialect, where: string): string {
  const key = `${dialect} ${text}`;
  if (checked.has(key)) return text;
  const { tokens, comments, isAmbiguous } = tokenize(text, dialect);
  if (comments.length > 0 || isAmbiguous) throw refused(`${where} contains a comment or a quote that cannot be read`);
  let depth = 0;
  for (const { kind, text: token } of tokens) {
    if (kind !== 'punctuation') continue;
    if (token === ';') throw refused(`${where} contains a semicolon`);
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth < 0) throw refused(`${where} closes a bracket that it did not open`);
  }
  if (depth !== 0) throw refused(`${where} opens a bracket that it does not close`);
  checked.set(key, true);
  return text;
}

/** Words that end an expression where they stand outside of brackets. */
const AFTER_EXPRESSION = new Set(
  'from where set returning order group having limit union intersect except values on select window for into'.split(
    ' ',
  ),
);

/**
 * As {@link assertBalancedFragment}, for one expression among others: what is behind it must not become a part of the statement of its own.
 *
 * @throws StatementRefusedError for a comma, or a word that opens another clause, outside of brackets
 */
export function assertSingleExpression(text: string, dialect: SqlDialect, where: string): string {
  assertBalancedFragment(text, dialect, where);
  let depth = 0;
  for (const { kind, text: token } of tokenize(text, dialect).tokens) {
    if (kind === 'punctuation' && token === '(') depth += 1;
    if (kind === 'punctuation' && token === ')') depth -= 1;
    if (depth > 0) continue;
    if (kind === 'punctuation' && token === ',') throw refused(`${where} is more than one`);
    if (kind === 'word' && AFTER_EXPRESSION.has(token)) throw refused(`${where} opens another clause`);
  }
  return text;
}

function refused(reason: string): StatementRefusedError {
  return new StatementRefusedError(reason, 'Write one complete condition, with values as parameters.');
}
