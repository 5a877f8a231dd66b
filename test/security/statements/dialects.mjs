// @ts-check

/**
 * A statement of another database in words that PostgreSQL's parser knows. What is left out or replaced says nothing of whose rows are read: hints,
 * locks, the exact comparison beside the plain one.
 *
 * @param {string} sql
 * @param {string} dialect
 * @returns {string}
 */
export function inPostgres(sql, dialect) {
  if (dialect === 'postgres') return sql;
  let count = 0;
  return outsideLiterals(sql, dialect === 'mysql', (code) => {
    let text = code.replaceAll('`', '"').replaceAll(/\?/g, () => `$${++count}`);
    if (dialect === 'mysql') {
      text = text
        .replaceAll(/\bBINARY\s+(?=["(]|CAST)/gi, '')
        .replaceAll(/\b(?:REGEXP|RLIKE)\b/gi, '~')
        .replaceAll(/\bINTERVAL (\d+) (\w+)/gi, "INTERVAL '$1 $2'")
        .replaceAll(/\bINTERVAL (\$\d+) (\w+)/gi, "$1 * INTERVAL '1 $2'")
        .replaceAll(/\bCONVERT\(/gi, '(')
        .replaceAll(/ USING utf8mb4\)/gi, ')')
        .replaceAll(/\bAS CHAR\b(?:\(\d+\))?/gi, 'AS text')
        .replaceAll(/\bAS (?:UNSIGNED|SIGNED)\b/gi, 'AS bigint')
        .replaceAll(/\bINSERT\s+IGNORE\b/gi, 'INSERT')
        .replaceAll(/\bON DUPLICATE KEY UPDATE\b/gi, 'ON CONFLICT ON CONSTRAINT of_mysql DO UPDATE SET')
        .replaceAll(/\bVALUES\(("[^"]+")\)/g, 'EXCLUDED.$1')
        .replaceAll(/\bLOCK IN SHARE MODE\b/gi, 'FOR SHARE')
        .replaceAll(/\bUSE INDEX \([^)]*\)/gi, '')
        .replaceAll(/\bVALUES \(\)/gi, 'DEFAULT VALUES');
    }
    if (/^\s*(?:UPDATE|DELETE)\b/i.test(sql)) text = text.replace(/ ORDER BY [\w", ]+ LIMIT \d+\s*$/i, '');
    if (dialect === 'sqlite')
      text = text.replaceAll(/\bINSERT OR (?:IGNORE|REPLACE)\b/gi, 'INSERT').replaceAll(/\bGLOB\b/g, 'LIKE');
    return text;
  });
}

/**
 * @param {string} sql
 * @param {boolean} hasEscapes whether a backslash in a literal takes what follows as it is
 * @param {(code: string) => string} change of what is no literal
 */
function outsideLiterals(sql, hasEscapes, change) {
  const literals = hasEscapes ? /('(?:[^'\\]|''|\\.)*')/ : /('(?:[^']|'')*')/;
  return sql
    .split(literals)
    .map((part, i) => {
      if (i % 2 === 0) return change(part);
      return hasEscapes ? part.replaceAll(/\\(.)/g, (_, sign) => (sign === "'" ? "''" : sign)) : part;
    })
    .join('');
}
