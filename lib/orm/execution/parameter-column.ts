/** The parts of SQL text that matter here: quoted names and texts, parameters, and punctuation. */
const PARTS = /"(?:[^"]|"")*"|'(?:[^']|'')*'|\$\d+|[(),]/g;

/**
 * Returns the column that a parameter of an INSERT or UPDATE is written to. Knows the text that the query builders make
 * for PostgreSQL.
 *
 * @param sql the statement
 * @param parameter its number
 * @returns undefined for a parameter of a condition, or of another statement
 */
export function columnOfParameter(sql: string, parameter: number): string | undefined {
  const name = `$${parameter}`;
  const insert = /^\s*INSERT INTO [^(]+\(([^)]*)\) (?:OVERRIDING \w+ VALUE )?VALUES /.exec(sql);
  if (insert !== null) return inserted(insert[1], sql.slice(insert[0].length), name);
  const set = /^\s*UPDATE .+? SET ([^]*?)(?: WHERE |$)/.exec(sql)?.[1] ?? '';
  const assignment = splitAtCommas(set).find((part) => part.match(PARTS)?.includes(name));
  return unquoted(/^\s*("(?:[^"]|"")+")/.exec(assignment ?? '')?.[1]);
}

function inserted(names: string, rows: string, parameter: string): string | undefined {
  const columns = splitAtCommas(names);
  let depth = 0;
  let index = 0;
  for (const [part] of rows.matchAll(PARTS)) {
    if (part === parameter) return unquoted(columns[index]?.trim());
    if (part === '(' && depth++ === 0) index = 0;
    else if (part === ')') depth -= 1;
    else if (part === ',' && depth === 1) index += 1;
  }
  return undefined;
}

/** Splits a list at its commas, but not within parentheses or quotes. */
function splitAtCommas(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: part, index } of list.matchAll(PARTS)) {
    if (part === '(') depth += 1;
    else if (part === ')') depth -= 1;
    else if (part === ',' && depth === 0) {
      parts.push(list.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, list.slice(start)];
}

function unquoted(name: string | undefined): string | undefined {
  return name?.replace(/^"|"$/g, '').replaceAll('""', '"');
}
