import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseStatement } from '../../../../lib/orm/sql/table-references.js';
import { bindParameters, parseNamedParameters } from '../../../../lib/orm/sql/parameter-binding.js';
import { tokenize } from '../../../../lib/orm/sql/tokenizer.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';

/** What is used of sql.js, which says nothing of its types. */
interface SqlJs {
  readonly Database: new () => {
    run(sql: string): void;
    prepare(sql: string): { bind(values: unknown[]): boolean; step(): boolean; get(): unknown[]; free(): void };
    close(): void;
  };
}

const SQL_JS: string = 'sql.js';

/* Generated texts: made of pieces whose reading is known. */

const RUNS = { seed: 20, numRuns: Number(process.env.TEST_STEPS ?? 100) };
const DIALECTS: readonly SqlDialect[] = ['postgres', 'mysql', 'sqlite'];

/** A piece of SQL, and the tokens that it is: as they stand, without quotes where they are literals or names. */
interface Piece {
  readonly sql: string;
  readonly reads: readonly string[];
}

/** What may stand in quotes or comments: signs, words and a tenant-scoped table's name. */
const inside = fc
  .array(
    fc.constantFrom('ticket', 'FROM ticket', ' ', ',', '(', ')', ';', ':a', '"', "'", '`', '-', '/', 'ä', '.', '1'),
  )
  .map((parts) => parts.join(''));

const without = (pattern: RegExp) => inside.map((text) => text.replace(pattern, ''));

const quoted = (kind: string, quote: string, dialect: SqlDialect) =>
  inside.map((text): Piece => {
    const read = kind === 'literal' && dialect !== 'sqlite' ? '' : text.toLowerCase();
    return { sql: `${quote}${text.replaceAll(quote, quote + quote)}${quote}`, reads: [`${kind} ${read}`] };
  });

/** Pieces that a database reads as values, names of columns, signs or nothing. */
function pieces(dialect: SqlDialect): fc.Arbitrary<Piece> {
  const comments = without(/[*/]/g).map((text): Piece => ({ sql: `/*${text}*/`, reads: [] }));
  const lines = inside.map((text): Piece => ({ sql: `-- ${text}\n`, reads: [] }));
  const numbers = fc.constantFrom('1', '0x1F', '1.5', '2e-3').map((sql): Piece => ({ sql, reads: [`literal ${sql}`] }));
  const wordings = fc
    .constantFrom('a', 'B1', '_c', 'ä')
    .map((sql): Piece => ({ sql, reads: [`word ${sql.toLowerCase()}`] }));
  const signs = fc.constantFrom('+', '=', '<', '%', '!').map((sql): Piece => ({ sql, reads: [`punctuation ${sql}`] }));
  const own = dialect === 'mysql' ? [inside.map((text): Piece => ({ sql: `#${text}\n`, reads: [] }))] : [];
  const bracketed = without(/]/g).map((text): Piece => ({ sql: `[${text}]`, reads: [`name ${text.toLowerCase()}`] }));
  return fc.oneof(
    quoted('literal', "'", dialect),
    quoted('name', '"', dialect),
    quoted('name', '`', dialect),
    ...(dialect === 'sqlite' ? [bracketed] : []),
    ...own,
    comments,
    lines,
    numbers,
    wordings,
    signs,
  );
}

const texts = (dialect: SqlDialect) => fc.array(pieces(dialect), { maxLength: 8 });
const sqlOf = (parts: readonly Piece[], between = ' ') => parts.map(({ sql }) => sql).join(between);

describe.each(DIALECTS)('texts made of pieces (%s)', (dialect) => {
  it('are read into the tokens that they were made of', () => {
    fc.assert(
      fc.property(texts(dialect), (parts) => {
        const { tokens, isAmbiguous } = tokenize(sqlOf(parts), dialect);
        expect(tokens.map(({ kind, text }) => `${kind} ${text}`)).toEqual(parts.flatMap(({ reads }) => reads));
        expect(isAmbiguous).toBe(false);
      }),
      RUNS,
    );
  });

  it('are covered by tokens and comments, with nothing but white space between them', () => {
    fc.assert(
      fc.property(texts(dialect), (parts) => {
        const sql = sqlOf(parts);
        const { tokens, comments } = tokenize(sql, dialect);
        let gaps = '';
        let at = 0;
        for (const { start, end } of [...tokens, { start: sql.length, end: sql.length }]) {
          expect(start).toBeGreaterThanOrEqual(at);
          gaps += sql.slice(at, start);
          at = end;
        }
        expect(gaps.replaceAll(/\s/g, '')).toBe(comments.join('').replaceAll(/\s/g, ''));
      }),
      RUNS,
    );
  });

  it('name a table where it stands outside of quotes and comments, and only there', () => {
    fc.assert(
      fc.property(texts(dialect), texts(dialect), fc.boolean(), (before, after, isRead) => {
        const table = isRead ? 'ticket' : 'news';
        const sql = `SELECT x ${sqlOf(before)} FROM ${table} t WHERE y ${sqlOf(after)}`;
        expect(parseStatement(tokenize(sql, dialect).tokens).mentions.map((mention) => mention.table)).toEqual([table]);
      }),
      RUNS,
    );
  });

  it('are refused as a dollar quote, to those who have none as well', () => {
    fc.assert(
      fc.property(without(/["'`/-]/g), fc.constantFrom('', 'a', '_b'), (text, tag) => {
        expect(tokenize(`SELECT $${tag}$${text}$${tag}$`, dialect).isAmbiguous).toBe(true);
      }),
      RUNS,
    );
  });

  it('are bound with as many placeholders as values, in their order', () => {
    const parameter = fc.constantFrom('a', 'b', 'c.d', 'E1').map((name): Piece => ({ sql: `:${name}`, reads: [name] }));
    const known = pieces(dialect).map(({ sql }): Piece => ({ sql, reads: [] }));
    fc.assert(
      fc.property(fc.array(fc.oneof(parameter, known), { maxLength: 10 }), (parts) => {
        const names = parts.flatMap(({ reads }) => reads);
        const template = parseNamedParameters(sqlOf(parts), dialect);
        const [sql, values] = bindParameters(template, dialect, (name) => ({ value: `of ${name}` }));
        const { tokens } = tokenize(sql, dialect);
        const placed = tokens.flatMap(({ kind, text }, i) => {
          if (kind !== 'punctuation' || text !== (dialect === 'postgres' ? '$' : '?')) return [];
          return [dialect === 'postgres' ? Number(tokens[i + 1].text) : 0];
        });
        const given = dialect === 'postgres' ? placed.map((number) => values[number - 1]) : values;
        expect(placed).toHaveLength(names.length);
        expect(given).toEqual(names.map((name) => `of ${name}`));
        if (dialect === 'postgres') expect(values).toEqual([...new Set(given)]);
      }),
      RUNS,
    );
  });
});

describe('texts that SQLite itself reads', () => {
  it('have the columns, and the parameters, that were read', async () => {
    const { default: open } = (await import(SQL_JS)) as { default: () => Promise<SqlJs> };
    const { Database } = await open();
    const database = new Database();
    database.run('CREATE TABLE news (id); CREATE TABLE ticket (id); INSERT INTO news VALUES (1)');
    const values = fc.oneof(
      inside.map((text) => `'${text.replaceAll("'", "''")}'`),
      without(/[*/]/g).map((text) => `1 /*${text}*/`),
      inside.map((text) => `2 -- ${text}\n`),
      fc.constantFrom('0x1F', '1.5', '2e-3', ':a', ':b'),
      without(/]/g).map((text) => `3 AS [${text}]`),
      inside.map((text) => `4 AS "${text.replaceAll('"', '""')}"`),
      inside.map((text) => '5 AS `' + text.replaceAll('`', '``') + '`'),
    );
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), (columns) => {
        const [sql, given] = bindParameters(
          parseNamedParameters(`SELECT ${columns.join(', ')} FROM news`, 'sqlite'),
          'sqlite',
          (name) => ({
            value: `of ${name}`,
          }),
        );
        const { tokens } = tokenize(sql, 'sqlite');
        const commas = tokens.filter(({ kind, text }) => kind === 'punctuation' && text === ',');
        const statement = database.prepare(sql);
        try {
          expect(statement.bind(given)).toBe(true);
          statement.step();
          expect(statement.get()).toHaveLength(commas.length + 1);
          expect(statement.get().filter((value) => /^of [ab]$/.test(String(value)))).toEqual(given);
        } finally {
          statement.free();
        }
      }),
      RUNS,
    );
    database.close();
  });
});
