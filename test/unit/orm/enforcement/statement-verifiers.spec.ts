import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { PolicyRegistry } from '../../../../lib/orm/policy/policy-registry.js';
import type { BuiltInsert } from '../../../../lib/orm/writes/statement-context.js';
import { BuiltSqlVerifier } from '../../../../lib/orm/enforcement/built-sql.verifier.js';
import { RawSqlVerifier } from '../../../../lib/orm/enforcement/raw-sql.verifier.js';
import type { SqlDialect } from '../../../../lib/orm/sql/tokenizer.js';
import { Attachment, DESK_ENTITIES, Note, Ticket } from '../../../support/desk.js';
import { ACME, tenancy } from '../../../support/world.js';

/*
 * The verifiers on their own: what they say of a text that a builder has made, or that was written as raw SQL. Nothing is sent.
 */

@Entity()
@TenantShared('the same for everybody')
class Region {
  @PrimaryGeneratedColumn() id!: number;
  @Column() name!: string;
  /** Called like a tenant-scoped table. */
  @Column() ticket!: string;
}

@Entity()
@TenantScoped()
class Branch {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Region, { onDelete: 'CASCADE' }) region!: Relation<Region>;
}

/** Rows without an organization are every tenant's defaults. */
@Entity()
@TenantScoped({ nullMeans: 'shared' })
class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
}

/** Not declared, and called like a table of PostgreSQL's statistics. */
@Entity('pg_stats')
class Loose {
  @PrimaryGeneratedColumn() id!: number;
}

/** Shared, and called like a table of SQLite's statistics. */
@Entity('sqlite_stat4')
@TenantShared('the same for all tenants')
class Statistic {
  @PrimaryGeneratedColumn() id!: number;
}

const PASSES = 'passes';
const IDLE = { isTransactionControl: false, inTransaction: false, isRowSecured: false };
const STATES = {
  idle: IDLE,
  busy: { isTransactionControl: false, inTransaction: true, isRowSecured: false },
  own: { isTransactionControl: true, inTransaction: false, isRowSecured: false },
};
type State = keyof typeof STATES;

describe('the verifiers of statements', () => {
  let dataSource: DataSource;
  let policies: PolicyRegistry;
  let builtSql: BuiltSqlVerifier;
  let rawSql: RawSqlVerifier;
  beforeAll(async () => {
    const entities = [...DESK_ENTITIES, Region, Branch, Label, Loose, Statistic];
    dataSource = await new DataSource({ type: 'sqljs', entities, cache: true }).initialize();
    ({ policies } = requireEnforcement(dataSource));
  });
  afterAll(() => dataSource.destroy());
  beforeEach(() => {
    builtSql = new BuiltSqlVerifier(policies, 'sqlite');
    rawSql = new RawSqlVerifier(policies, 'sqlite');
  });

  const verdict = (check: () => void): string => {
    try {
      check();
      return PASSES;
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  const inAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);
  const raw = (sql: string, state: State = 'idle'): string =>
    verdict(() => inAcme(() => rawSql.verify(sql, STATES[state])));
  const issued = (sql: string, inserts: readonly BuiltInsert[] = []): string =>
    verdict(() => inAcme(() => builtSql.verify(withPredicates(sql), inserts)));
  const withPredicates = (sql: string): string =>
    sql
      .replaceAll('{t}', policies.predicateSql(dataSource.getMetadata(Ticket), '"t"'))
      .replaceAll('{ticket}', policies.predicateSql(dataSource.getMetadata(Ticket), '"ticket"'))
      .replaceAll('{o}', policies.predicateSql(dataSource.getMetadata(Note), '"o"'))
      .replaceAll('{a}', policies.predicateSql(dataSource.getMetadata(Attachment), '"a"'));

  describe('written as raw SQL', () => {
    it.each([
      'SELECT 1',
      'WITH a AS (SELECT 1) SELECT 1 FROM a',
      'VALUES (1)',
      'INSERT INTO news ("text") VALUES (?)',
      'UPDATE news SET "text" = ?',
      'DELETE FROM news',
      'REPLACE INTO news VALUES (1, 2)',
      'UPSERT INTO news VALUES (1, 2)',
      'EXPLAIN SELECT 1 FROM news',
      'SELECT 1; SELECT 2',
      'SELECT 1 -- a comment',
      'SELECT "n"."text" FROM "news" "n" WHERE "n"."id" = 1',
      'SELECT "news"."text" AS "ticket" FROM "news"',
      'SELECT 1 FROM "news" "ticket"',
      `SELECT 1 FROM "news" WHERE "text" = 'ticket'`,
      'SELECT "delete" FROM "region"',
      'UPDATE "region" SET "name" = 1',
      'SELECT "id", "name" FROM "region"',
      'SELECT "r"."ticket" FROM "region" "r"',
      'UPDATE "region" SET "ticket" = 1',
      'TRUNCATE "news"',
      'TRUNCATE TABLE "news"',
      'SELECT * FROM "sqlite_stat4"',
    ])('lets pass what names no tenant-scoped table: %s', (sql) => {
      expect(raw(sql)).toBe(PASSES);
    });

    it.each([
      'CREATE TABLE a (b)',
      'DROP TABLE news',
      'ALTER TABLE news ADD a',
      'TRUNCATE',
      'TRUNCATE unknown',
      'TRUNCATE "news" CASCADE',
      'TRUNCATE "news", "region"',
      'TRUNCATE; TRUNCATE "news"',
      'VACUUM',
      'ATTACH x AS y',
      'PRAGMA journal_mode = 1',
      'SET a = 1',
      'COPY news TO STDOUT',
      'CALL a()',
      'MERGE INTO news USING a ON 1 = 1',
      'SELECT 1; DROP TABLE news',
    ])('refuses what neither reads nor writes rows: %s', (sql) => {
      expect(raw(sql)).toMatch(/neither reads nor writes rows/);
    });

    it.each([
      ['in a table position', 'SELECT * FROM "ticket"'],
      ['whatever its capitals', 'SELECT * FROM Ticket'],
      ['behind others', 'SELECT * FROM "news" "n", "ticket" "t"'],
      ['that is inserted into', 'INSERT INTO "ticket" VALUES (1)'],
      ['with its predicate too', 'SELECT * FROM "ticket" "t" WHERE {t}'],
      ['as a column of nothing', 'SELECT "ticket" FROM "news"'],
      ['as a word of nothing', 'SELECT ticket FROM "news"'],
      ['as a text that SQLite takes for a name', `SELECT * FROM "news", 'ticket'`],
      ['beside an alias that reads like a point', 'SELECT * FROM "ticket" "." LIMIT 1'],
      ['beside an alias in a text that reads like a point', `SELECT * FROM "ticket" '.' LIMIT 1`],
      ['in an unknown place', `SELECT * FROM "news" WHERE f(1, 'ticket')`],
    ])('refuses the name of a tenant-scoped table %s', (_, sql) => {
      expect(raw(withPredicates(sql))).toMatch(/uses the table of Ticket in raw SQL/);
    });

    it.each([
      ['that databases read in different ways', 'SELECT 1or 2', /databases parse differently/],
      ['that reads the query cache', 'SELECT * FROM "query-result-cache"', /query cache/],
      ['that reads the query cache among others', 'SELECT * FROM news, "query-result-cache"', /query cache/],
      ['that builds SQL', 'SELECT load_extension(1)', /load_extension\(\) has effects that cannot be checked/],
      ['that reads statistics', 'SELECT * FROM sqlite_stat1', /statistics of all tenants/],
      ['with a shadow', 'WITH "ticket" AS (SELECT 1) SELECT 1', /common table expression has the name of .*Ticket/],
      [
        'with a shadow behind another name',
        'WITH "a" AS (SELECT 1), "note" AS (SELECT 1) SELECT 1',
        /common table expression has the name of .*Note/,
      ],
      ['that takes rows along', 'DELETE FROM "region"', /change rows of Branch outside the scope/],
      [
        'that takes rows along, named behind another',
        'DELETE FROM "news" USING "region"',
        /change rows of Branch outside the scope/,
      ],
      ['that takes rows along further in', 'WITH a AS (DELETE FROM "region" RETURNING *) SELECT 1', /rows of Branch/],
      ['that replaces rows', `REPLACE INTO "region" VALUES (1)`, /rows of Branch/],
    ])('refuses a statement %s', (_, sql, reason) => {
      expect(raw(sql)).toMatch(reason);
    });

    it('refuses to name the table of an undeclared entity, and says what is missing', () => {
      expect(raw('SELECT * FROM "pg_stats"')).toMatch(/^EntityUndeclaredError: .*Loose/);
    });

    it('says what to use instead', () => {
      expect(raw('SELECT * FROM "ticket"')).toMatch(/Use a repository or query builder/);
    });

    it('lets the runner alone begin and end transactions, whatever it was asked before', () => {
      for (let i = 0; i < 2; i += 1) {
        expect(raw('COMMIT', 'own')).toBe(PASSES);
        expect(raw('COMMIT', 'busy')).toMatch(/COMMIT neither/);
        expect(raw('COMMIT')).toMatch(/COMMIT neither/);
        expect(raw('SAVEPOINT a', 'busy')).toBe(PASSES);
        expect(raw('SAVEPOINT a', 'own')).toBe(PASSES);
        expect(raw('SAVEPOINT a')).toMatch(/SAVEPOINT neither/);
      }
    });

    it('refuses what it has refused before, after all that it has let pass', () => {
      expect(raw('SELECT 1')).toBe(PASSES);
      expect(raw('SELECT * FROM "ticket"')).toMatch(/Ticket/);
      expect(raw('SELECT * FROM "ticket"')).toMatch(/Ticket/);
    });

    it('does not let pass for issued what was raw, nor the other way round', () => {
      expect(issued('SELECT * FROM "ticket" "t" WHERE {t}')).toBe(PASSES);
      expect(raw(` ${withPredicates('SELECT * FROM "ticket" "t" WHERE {t}')}`)).toMatch(/Ticket/);
      expect(raw(withPredicates('SELECT * FROM "ticket" "t" WHERE {t}'))).toMatch(/Ticket/);
      expect(raw('SELECT 1; SELECT 2')).toBe(PASSES);
      expect(issued('SELECT 1; SELECT 2')).toMatch(/more than one statement/);
    });
  });

  describe('of the current context', () => {
    const rawly = (sql: string) => verdict(() => rawSql.verify(sql, IDLE));
    const issuedly = (sql: string) => verdict(() => builtSql.verify(sql, []));

    it('says that there is no scope rather than what is wrong', () => {
      expect(rawly('SELECT * FROM "ticket"')).toMatch(/^TenantScopeMissingError/);
      expect(issuedly('SELECT * FROM "ticket"')).toMatch(/^TenantScopeMissingError/);
      expect(rawly('SELECT * FROM "news"')).toBe(PASSES);
      expect(issuedly('SELECT * FROM "news"')).toBe(PASSES);
    });

    it('lets everything pass in an unscoped section', () => {
      tenancy.unscoped('a test', () => {
        expect(rawly('DROP TABLE "ticket"')).toBe(PASSES);
        expect(issuedly('SELECT * FROM "ticket"')).toBe(PASSES);
        expect(issuedly('SELECT 1; SELECT 2')).toBe(PASSES);
      });
    });

    it('lets pass what names the tables of the section alone, and remembers none of it for others', () => {
      const inSectionOf = (entity: typeof Ticket | typeof Note, fn: () => void) =>
        inAcme(() => tenancy.unscoped('a test', { entities: [entity] }, fn));
      inSectionOf(Ticket, () => {
        expect(rawly('SELECT * FROM "ticket"')).toBe(PASSES);
        expect(rawly('SELECT * FROM "ticket", "note"')).toMatch(/Note/);
        expect(rawly('DROP TABLE "ticket"')).toMatch(/DROP/);
        expect(issuedly('SELECT * FROM "ticket"')).toBe(PASSES);
        expect(issuedly('SELECT * FROM "note"')).toMatch(/Note/);
      });
      inSectionOf(Note, () => {
        expect(rawly('SELECT * FROM "ticket"')).toMatch(/Ticket/);
        expect(issuedly('SELECT * FROM "ticket"')).toMatch(/Ticket/);
      });
      expect(raw('SELECT * FROM "ticket"')).toMatch(/Ticket/);
      expect(issued('SELECT * FROM "ticket"')).toMatch(/Ticket/);
    });
  });

  describe('made by a builder', () => {
    it.each([
      ['with the predicate of its table', 'SELECT * FROM "ticket" "t" WHERE {t}'],
      ['with the predicate of a table without an alias', 'DELETE FROM "ticket" WHERE {ticket}'],
      ['with the predicate of one of the entities in the table', 'SELECT * FROM "attachment" "a" WHERE {a}'],
      ['that reads no tenant-scoped table', 'SELECT * FROM "news" "n", "region" "r" WHERE "n"."id" = :id'],
      ['of which a semicolon is the end', 'SELECT 1;'],
      ['with a comment at its beginning', '/* why */ SELECT 1'],
      ['with the time limit of MySQL', 'SELECT /*+ MAX_EXECUTION_TIME(120) */ 1'],
      ['with both', '/* why */ SELECT /*+ MAX_EXECUTION_TIME(1) */ 1'],
    ])('passes: one %s', (_, sql) => {
      expect(issued(sql)).toBe(PASSES);
    });

    it.each([
      ['without a predicate', 'SELECT * FROM "ticket" "t"', /reads Ticket without/],
      ['with the predicate of another alias', 'SELECT * FROM "ticket" WHERE {t}', /reads Ticket without/],
      ['with one predicate for two tables', 'SELECT 1 FROM "ticket" "t", "note" "o" WHERE {t}', /reads Note without/],
      ['that is two', 'SELECT 1; SELECT 2', /more than one statement/],
      ['with a comment in it', 'SELECT /* a */ 1', /a comment/],
      ['with a comment at its end', 'SELECT 1 /* a */', /a comment/],
      ['with a comment behind its own', '/* a */ SELECT 1 -- b', /a comment/],
      ['with another hint', 'SELECT /*+ MAX_EXECUTION_TIME(a) */ 1', /a comment/],
      ['with a hint that has no number', 'SELECT /*+ MAX_EXECUTION_TIME() */ 1', /a comment/],
      ['with a comment that ends like a hint', 'SELECT /* /*+ MAX_EXECUTION_TIME(1) */ 1', /a comment/],
      ['with a comment that begins like a hint', 'SELECT /*+ MAX_EXECUTION_TIME(1) a */ 1', /a comment/],
      ['with a hint in a comment', 'SELECT 1 -- /*+ MAX_EXECUTION_TIME(1) */', /a comment/],
      ['that cannot be read', 'SELECT { 1', /parse differently/],
      [
        'that names a tenant-scoped table where none is',
        'SELECT "ticket" FROM "news"',
        /uses the table of Ticket in raw SQL/,
      ],
      ['that inserts', 'INSERT INTO "ticket" VALUES (1)', /inserts into Ticket with raw SQL/],
    ])('is refused: one %s', (_, sql, reason) => {
      expect(issued(sql)).toMatch(reason);
    });

    describe('over a table with shared rows', () => {
      const [visible, own] = (['visible', 'own'] as const).map((rows) => `{${rows}}`);
      const labels = (sql: string): string =>
        issued(
          sql.replace(/\{(visible|own)\}/, (_, rows: 'visible' | 'own') =>
            policies.predicateSql(dataSource.getMetadata(Label), '"label"', rows),
          ),
        );

      it.each([visible, own])('may read those that %s selects', (predicate) => {
        expect(labels(`SELECT * FROM "label" WHERE ${predicate}`)).toBe(PASSES);
      });

      it('changes the own ones only', () => {
        expect(labels(`DELETE FROM "label" WHERE ${own}`)).toBe(PASSES);
        expect(labels(`DELETE FROM "label" WHERE ${visible}`)).toMatch(/reads Label without its tenant predicate/);
      });

      it('is refused without either', () => {
        expect(labels('SELECT * FROM "label"')).toMatch(/reads Label without its tenant predicate/);
      });
    });

    const INTO_TICKET = 'INSERT INTO "ticket"("a") VALUES (:a)';
    const insert = (text: string, table = 'ticket'): BuiltInsert => ({ table, text });

    it.each([
      ['the whole statement', INTO_TICKET, [insert(INTO_TICKET)]],
      ['a part of it', `WITH x AS (${INTO_TICKET}) SELECT 1`, [insert(INTO_TICKET)]],
      ['from its table on', INTO_TICKET, [insert('"ticket"("a") VALUES (:a)')]],
      ['up to its table', INTO_TICKET, [insert('INSERT INTO "ticket"')]],
      ['among others', INTO_TICKET, [insert(INTO_TICKET, 'note'), insert('x'), insert(INTO_TICKET)]],
      [
        'later on, after the same words',
        `WITH a AS (SELECT 1), b AS (SELECT 1) ${INTO_TICKET}`,
        [insert(`) ${INTO_TICKET}`)],
      ],
      [
        'where the same text stood before',
        'WITH a AS (INSERT INTO "news" VALUES (1)) INSERT INTO "ticket"',
        [insert('INSERT INTO "')],
      ],
      ['twice', `${INTO_TICKET} UNION ${INTO_TICKET}`, [insert(INTO_TICKET), insert(INTO_TICKET)]],
    ])('passes for an insert whose rows are stamped: %s', (_, sql, inserts) => {
      expect(issued(sql, inserts)).toBe(PASSES);
    });

    it.each([
      ['a text of which is not in it', INTO_TICKET, [insert('INSERT INTO "ticket" SELECT 1')]],
      ['a text of which is longer', INTO_TICKET, [insert(`${INTO_TICKET}${' '.repeat(99)}`)]],
      ['a text of which ends before the table', INTO_TICKET, [insert('INSERT INTO ')]],
      ['a text of which begins behind the table', INTO_TICKET, [insert('("a") VALUES (:a)')]],
      ['of another table', INTO_TICKET, [insert(INTO_TICKET, 'note')]],
      ['once, for two', `${INTO_TICKET} UNION ${INTO_TICKET}`, [insert(INTO_TICKET)]],
      ['the first, for another behind it', `${INTO_TICKET} UNION INSERT INTO "ticket" SELECT 1`, [insert(INTO_TICKET)]],
    ])('is refused for a stamped insert %s', (_, sql, inserts) => {
      expect(issued(sql, inserts)).toMatch(/inserts into Ticket with raw SQL/);
    });

    it('is remembered with its inserts', () => {
      expect(issued(INTO_TICKET, [insert(INTO_TICKET)])).toBe(PASSES);
      expect(issued(INTO_TICKET, [insert('x')])).toMatch(/with raw SQL/);
      expect(issued(INTO_TICKET, [insert(INTO_TICKET, 'note')])).toMatch(/with raw SQL/);
      expect(issued(INTO_TICKET)).toMatch(/with raw SQL/);
    });

    it('is read by the rules of its database', () => {
      const by = (dialect: SqlDialect) =>
        verdict(() => inAcme(() => new BuiltSqlVerifier(policies, dialect).verify('SELECT 1 --1', [])));
      expect(by('mysql')).toBe(PASSES);
      expect(by('postgres')).toMatch(/a comment/);
    });
  });
});
