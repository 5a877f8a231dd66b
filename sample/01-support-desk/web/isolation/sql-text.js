/** SQL as the library sends it, laid out for reading. */

/** Columns of a SELECT that are shown; the others are counted. */
const SHOWN_COLUMNS = 3;
const CLAUSE = /^(?:FROM|LEFT JOIN|INNER JOIN|WHERE|GROUP BY|ORDER BY|LIMIT|SET|VALUES|RETURNING)\b/;

/**
 * Begins each clause on a line of its own, and shortens lists of columns. Nothing else is changed.
 *
 * @param {string} sql
 * @returns {string}
 */
export function laidOut(sql) {
  const text = withFewColumns(sql.replaceAll(/\s+/g, ' ').trim());
  let lines = '';
  for (const { at, depth, character } of outsideOfNames(text)) {
    const startsClause = depth === 0 && at > 0 && text[at - 1] === ' ' && CLAUSE.test(text.slice(at));
    lines = startsClause ? `${lines.trimEnd()}\n${character}` : lines + character;
  }
  return lines;
}

function withFewColumns(sql) {
  if (!sql.startsWith('SELECT ')) return sql;
  const from = indexAtTop(sql, ' FROM ');
  const columns = splitAtTop(sql.slice('SELECT '.length, from));
  const plain = columns.filter((column) => !column.includes('('));
  if (plain.length <= SHOWN_COLUMNS + 1) return sql;
  const more = `/* ${plain.length - SHOWN_COLUMNS} more columns */`;
  const kept = [...plain.slice(0, SHOWN_COLUMNS), more, ...columns.filter((column) => column.includes('('))];
  return `SELECT ${kept.join(', ').replace(`${more},`, more)}${sql.slice(from)}`;
}

function indexAtTop(sql, word) {
  for (const { at, depth } of outsideOfNames(sql)) if (depth === 0 && sql.startsWith(word, at)) return at;
  return sql.length;
}

function splitAtTop(list) {
  const commas = [...outsideOfNames(list)].filter(
    ({ depth, character, isName }) => !isName && depth === 0 && character === ',',
  );
  const ends = [...commas.map(({ at }) => at), list.length];
  return ends.map((end, index) => list.slice(index === 0 ? 0 : ends[index - 1] + 1, end).trim());
}

/** Each character with the number of brackets around it. */
function* outsideOfNames(sql) {
  let depth = 0;
  let isName = false;
  for (let at = 0; at < sql.length; at++) {
    const character = sql[at];
    if (character === '"') isName = !isName;
    if (!isName && character === ')') depth -= 1;
    yield { at, depth: isName ? -1 : depth, character, isName };
    if (!isName && character === '(') depth += 1;
  }
}

/**
 * Finds what limits a statement to its tenant: comparisons of the tenant column with the scope's value, and in an INSERT the column
 * itself with the value that is stamped on it.
 *
 * @param {string} text
 * @param {unknown[]} parameters
 * @param {Record<string, unknown> | null} scope
 * @returns {[start: number, end: number][]} in the order of the text
 */
export function tenantParts(text, parameters, scope) {
  const parts = Object.entries(scope ?? {}).flatMap(([column, value]) => {
    const isTenant = (number) => parameters[Number(number) - 1] === value;
    const compared = [...text.matchAll(new RegExp(`(?:"\\w+"\\.)?"${column}" ?= ?\\$(\\d+)`, 'g'))];
    return [
      ...compared.filter(([, number]) => isTenant(number)).map((match) => [match.index, match.index + match[0].length]),
      ...stamped(text, column, isTenant),
    ];
  });
  return parts.sort(([a], [b]) => a - b);
}

function stamped(text, column, isTenant) {
  const insert = /^INSERT INTO "\w+" ?\(([^)]*)\)\s+VALUES \(([^)]*)\)/d.exec(text);
  if (insert === null) return [];
  const [, [columns], [values]] = insert.indices;
  const at = insert[1].split(', ').indexOf(`"${column}"`);
  const before = insert[2].split(', ');
  if (at < 0 || !isTenant(before[at]?.slice(1))) return [];
  const start = columns + insert[1].indexOf(`"${column}"`);
  const value = values + before.slice(0, at).join(', ').length + 2;
  return [
    [start, start + column.length + 2],
    [value, value + before[at].length],
  ];
}

/** The parameters that a text uses, in order. @returns {number[]} their numbers */
export function parametersIn(text) {
  return [...new Set([...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)))].sort((a, b) => a - b);
}
