import type { ParsedStatement } from './table-references.js';
import { isIdentifier, isKeywordAt, isPunctuationAt } from './tokenizer.js';
import type { SqlToken } from './tokenizer.js';

/** Rows of a table that SQL text deletes or updates. */
export interface RowChange {
  /** Last part of the name, unquoted, in lower case. */
  readonly table: string;
  readonly deletes: boolean;
  /** Names of the columns that are set, in lower case; undefined for any column. */
  readonly columns: readonly string[] | undefined;
}

/** Keywords that end the assignments of an UPDATE. */
const AFTER_ASSIGNMENTS = new Set(['where', 'from', 'returning', 'order', 'limit']);
/** Words before the UPDATE of an upsert. */
const BEFORE_UPSERT = new Set(['do', 'key']);

/**
 * Finds the rows that a statement, or a part of it, deletes, replaces or updates. Errs on the side of finding too many.
 */
export function readChanges(tokens: readonly SqlToken[], shape: ParsedStatement): readonly RowChange[] {
  return tokens.flatMap((_, i) => {
    const change = isKeywordAt(tokens, i) ? changeAt(tokens, shape, i) : undefined;
    if (change === undefined) return [];
    const { ofToken } = shape.brackets;
    // Every table at this level, because MySQL deletes from each table of a join.
    return shape.mentions
      .filter(({ bracket }) => bracket === ofToken[i])
      .map(({ table }): RowChange => ({ table, ...change }));
  });
}

function changeAt(
  tokens: readonly SqlToken[],
  shape: ParsedStatement,
  i: number,
): Pick<RowChange, 'deletes' | 'columns'> | undefined {
  const before = tokens[i - 1]?.text ?? '';
  const isCalled = isPunctuationAt(tokens, i + 1, '(');
  switch (tokens[i].text) {
    case 'delete':
      return before === 'on' ? undefined : { deletes: true, columns: [] };
    case 'replace':
      return isCalled ? undefined : { deletes: true, columns: undefined };
    case 'merge':
      return tokens[i + 1]?.text === 'into' ? { deletes: true, columns: undefined } : undefined;
    case 'update':
      if (before === 'for' || before === 'on') return undefined;
      return { deletes: false, columns: assignedColumns(tokens, shape, BEFORE_UPSERT.has(before) ? i : undefined, i) };
    default:
      return undefined;
  }
}

/** Returns the columns before an equals sign after SET, at the same parenthesis level. */
function assignedColumns(
  tokens: readonly SqlToken[],
  { brackets }: ParsedStatement,
  upsert: number | undefined,
  update: number,
): readonly string[] {
  const bracket = brackets.ofToken[update];
  const isHere = (i: number): boolean => brackets.ofToken[i] === bracket;
  const end = brackets.closing[bracket] ?? tokens.length;
  const names: string[] = [];
  let isAssigning = upsert !== undefined;
  let list: string[] = [];
  for (let i = update + 1; i < end; i += 1) {
    if (isHere(i) && isKeywordAt(tokens, i)) {
      if (tokens[i].text === 'set') isAssigning = true;
      else if (isAssigning && AFTER_ASSIGNMENTS.has(tokens[i].text)) break;
    }
    if (!isAssigning) continue;
    if (isPunctuationAt(tokens, i, '(')) list = [];
    if (isIdentifier(tokens[i])) list.push(tokens[i].text);
    if (!isPunctuationAt(tokens, i + 1, '=')) continue;
    // `(a, b) = (…)` sets each column of the list.
    names.push(...(isPunctuationAt(tokens, i, ')') ? list : [tokens[i].text]));
  }
  return names;
}
