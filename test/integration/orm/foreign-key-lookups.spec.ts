import { beforeAll, describe, expect, it } from '@jest/globals';
import { TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import type {
  ColumnType,
  DataSource,
  EntityMetadata,
  EntityTarget,
  ObjectLiteral,
  QueryRunner,
  Relation,
} from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { requireEnforcement } from '../../../lib/orm/enforcement/enforcement.js';
import { losslessColumnSql } from '../../../lib/orm/lookups/exact-select.js';
import { foreignKeysOf, collectLookups } from '../../../lib/orm/writes/foreign-keys.js';
import type { ForeignKeyLookup } from '../../../lib/orm/writes/foreign-keys.js';
import type { PolicyRegistry } from '../../../lib/orm/policy/policy-registry.js';
import { assertSameTenant } from '../../../lib/orm/lookups/cross-tenant-check.js';
import {
  assertReferencesVisible,
  serializeRowKey,
  areAllVisible,
  selectByKeys,
  toDatabaseValues,
} from '../../../lib/orm/lookups/foreign-key-check.js';
import { databasesToTest } from '../../support/databases.js';
import {
  Credential,
  DESK_ENTITIES,
  Label,
  Member,
  News,
  Note,
  Proofreading,
  Quote,
  Ticket,
  Translation,
  Verdict,
  Watcher,
} from '../../support/desk.js';
import { ResolvedKeyValues, assignedColumnValue } from '../../../lib/orm/writes/resolved-key-values.js';
import { unconnected } from '../../support/unconnected.js';
import { ACME, tenancy } from '../../support/world.js';

/* The rows that a write names by foreign keys, and how they are checked. Query runners here write down what they are sent. */

@Entity('ref_plan')
@TenantScoped()
class Plan {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() code!: string;
}

/** Its tenant column is a part of its keys. */
@Entity('ref_step')
@TenantScoped()
class Step {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: String, nullable: true }) code!: string | null;
  @ManyToOne(() => Plan, { nullable: true })
  @JoinColumn([
    { name: 'organizationId', referencedColumnName: 'organizationId' },
    { name: 'code', referencedColumnName: 'code' },
  ])
  plan!: Relation<Plan> | null;
  /** The same key once more. */
  @ForeignKey(() => Ticket) @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @ManyToOne(() => Ticket, { nullable: true }) ticket!: Relation<Ticket> | null;
  @ManyToOne(() => News, { nullable: true }) news!: Relation<News> | null;
}

/** Its key names nothing but its tenant. */
@Entity('ref_branch')
@TenantScoped()
class Branch {
  @PrimaryGeneratedColumn() id!: number;
  @ForeignKey('Organization', 'id') @Column() organizationId!: number;
}

@Entity('ref_default')
@TenantScoped()
class Default {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Ticket) @Column({ type: Number, default: 7, nullable: true }) fixed!: number | null;
  @ForeignKey(() => Ticket) @Column({ type: Number, default: null, nullable: true }) none!: number | null;
}

@Entity('ref_computed')
@TenantScoped()
class Computed {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Ticket) @Column({ type: Number, default: () => '1 + 6', nullable: true }) ticketId!: number | null;
}

/** All tenants share it, and it names a row of one. */
@Entity('ref_banner')
@TenantShared('what everybody sees')
class Banner {
  @PrimaryGeneratedColumn() id!: number;
  @ForeignKey(() => Ticket)
  @Column({
    type: Number,
    transformer: {
      to: (value: unknown) => {
        if (typeof value !== 'number') return 99;
        return value < 0 ? () => 'NULL' : value * 10 || null;
      },
      from: (value: number) => value / 10,
    },
  })
  ticketId!: number;
}

/** An empty language is stored as none. */
@Entity('ref_citation')
@TenantScoped()
class Citation {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() ticketId!: number;
  @Column({ type: String, transformer: { to: (value: string) => value || null, from: (value: string) => value } })
  language!: string;
  @ManyToOne(() => Translation)
  @JoinColumn([
    { name: 'ticketId', referencedColumnName: 'ticketId' },
    { name: 'language', referencedColumnName: 'language' },
  ])
  translation!: Relation<Translation> | null;
}

/** The database does not know its references. */
@Entity('ref_loose')
@TenantScoped()
class Loose {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Ticket, { createForeignKeyConstraints: false }) ticket!: Relation<Ticket> | null;
  @ManyToMany(() => Ticket, { createForeignKeyConstraints: false })
  @JoinTable({ name: 'ref_loose_tickets' })
  tickets!: Relation<Ticket[]>;
}

const ENTITIES = [...DESK_ENTITIES, Citation, Loose, Plan, Step, Branch, Default, Computed, Banner];

let dataSource: DataSource;
let policies: PolicyRegistry;
beforeAll(async () => {
  expect(databasesToTest()).not.toEqual([]);
  dataSource = await unconnected('sqljs', ENTITIES);
  ({ policies } = requireEnforcement(dataSource));
});
const meta = (entity: EntityTarget<ObjectLiteral>): EntityMetadata => dataSource.getMetadata(entity);
const columnOf = (entity: EntityTarget<ObjectLiteral>, path: string): ColumnMetadata =>
  meta(entity).findColumnWithPropertyPath(path)!;
/** An insert writes all columns, an update those that are given. */
const writtenBy = (
  entity: EntityTarget<ObjectLiteral>,
  valueSets: ObjectLiteral[],
  isUpdate: boolean,
): ResolvedKeyValues =>
  new ResolvedKeyValues(
    meta(entity),
    valueSets,
    policies,
    meta(entity).columns.filter(
      (column) => !isUpdate || valueSets.some((valueSet) => column.getEntityValue(valueSet) !== undefined),
    ),
    isUpdate ? 'update' : 'insert',
  );
const asAcme = <R>(fn: () => R): R => tenancy.run(ACME, fn);

describe('G-06 the foreign keys of an entity', () => {
  const keys = (entity: EntityTarget<ObjectLiteral>): string[] =>
    foreignKeysOf(meta(entity), policies).map(
      ({ property, target, columns }) =>
        `${property} ${target.name} ${columns.map(({ own, referenced }) => `${own.databaseName}>${referenced.databaseName}`).join()}`,
    );

  it('are those of its relations, by the name that its clients know', () => {
    expect(keys(Ticket)).toEqual(['assigneeId Member assigneeId>id']);
    expect(keys(Member)).toEqual(['manager Member managerId>id']);
    expect(keys(Watcher)).toEqual(['ticketId Ticket ticketId>id', 'memberId Member memberId>id']);
    expect(keys(Proofreading)).toEqual([
      'translation Translation translationTicketId>ticketId,translationLanguage>language',
    ]);
  });

  it('are those that are declared on a column, and those of links and closures', () => {
    expect(keys(Quote)).toEqual(['ticketId Ticket ticketId>id']);
    expect(keys('ticket_labels_label')).toEqual(['ticketId Ticket ticketId>id', 'labelId Label labelId>id']);
    expect(keys('topic_closure')).toEqual(['id_ancestor Topic id_ancestor>id', 'id_descendant Topic id_descendant>id']);
  });

  it('are those that the database does not know', () => {
    expect(keys(Loose)).toEqual(['ticket Ticket ticketId>id']);
    expect(keys('ref_loose_tickets')).toEqual(['refLooseId Loose refLooseId>id', 'ticketId Ticket ticketId>id']);
  });

  it('are told once, leave out rows that all tenants share, and are not the tenant column alone', () => {
    expect(keys(Step)).toEqual(['plan Plan organizationId>organizationId,code>code', 'ticketId Ticket ticketId>id']);
    expect(keys(Branch)).toEqual([]);
    expect(keys(Label)).toEqual([]);
    expect(keys(News)).toEqual([]);
    expect(foreignKeysOf(meta(Step), policies)).toBe(foreignKeysOf(meta(Step), policies));
  });
});

describe('G-06 the rows that a write names', () => {
  const named = (
    entity: EntityTarget<ObjectLiteral>,
    valueSets: ObjectLiteral[],
    isUpdate = false,
  ): [string, readonly (readonly unknown[])[]][] =>
    collectLookups(writtenBy(entity, valueSets, isUpdate), policies).map((lookup) => {
      expect(lookup.entity).toBe(meta(entity));
      return [lookup.key.property, lookup.values];
    });

  it('are those of all its rows, each once, whatever gives the key', () =>
    asAcme(() => {
      const rows = [{ ticketId: 5 }, { ticketId: 6 }, { ticketId: 5 }, { ticketId: null }, {}, { ticket: { id: 8 } }];
      expect(named(Note, rows)).toEqual([['ticketId', [[5], [6], [8]]]]);
      const written = (ticketId: string, language: string): object => ({ translation: { ticketId, language } });
      expect(named(Proofreading, [written('5,a', 'b'), written('5', 'a,b')])[0][1]).toHaveLength(2);
      expect(named(Note, [{}, { ticketId: null }])).toEqual([]);
      expect(named(Note, [{ ticketId: null }], true)).toEqual([]);
      expect(named(Quote, [{ ticketId: 5n }, { ticketId: 5n }, { ticketId: 6n }])).toEqual([
        ['ticketId', [[5n], [6n]]],
      ]);
      expect(named(Watcher, [{ ticketId: 1, memberId: 2 }])).toEqual([
        ['ticketId', [[1]]],
        ['memberId', [[2]]],
      ]);
    }));

  it('have the tenant of the scope, whatever is given for it', () =>
    asAcme(() => {
      expect(named(Step, [{ code: 'a', organizationId: 2 }, { code: null }, { organizationId: 2 }])).toEqual([
        ['plan', [[1, 'a']]],
      ]);
      expect(named(Step, [{ organizationId: 2 }], true)).toEqual([]);
      expect(named(Step, [{ code: null }], true)).toEqual([]);
      expect(named(Step, [{ code: 'a' }], true)).toEqual([['plan', [[1, 'a']]]]);
    }));

  it('are none where a part of a key is not given, and an update may not leave one out', () =>
    asAcme(() => {
      const half = { translation: { ticketId: 5 } };
      expect(named(Proofreading, [half])).toEqual([]);
      expect(() => named(Proofreading, [half], true)).toThrow('sets only some columns of the foreign key translation');
      expect(named(Proofreading, [{ translation: { ticketId: 5, language: null } }])).toEqual([]);
      for (const isUpdate of [true, false]) {
        expect(named(Proofreading, [{ translation: null }], isUpdate)).toEqual([]);
        expect(named(Proofreading, [{}], isUpdate)).toEqual([]);
        expect(named(Proofreading, [{ translation: { ticketId: 5, language: 'en' } }], isUpdate)).toEqual([
          ['translation', [[5, 'en']]],
        ]);
      }
    }));

  it('are those of the defaults that an insert leaves to the database', () =>
    asAcme(() => {
      expect(named(Default, [{}])).toEqual([['fixed', [[7]]]]);
      expect(named(Default, [{ fixed: 8, none: 9 }])).toEqual([
        ['fixed', [[8]]],
        ['none', [[9]]],
      ]);
      expect(named(Default, [{ fixed: null }])).toEqual([]);
      expect(named(Default, [{}], true)).toEqual([]);
      expect(() => named(Computed, [{}])).toThrow('would get its database default');
      expect(named(Computed, [{}], true)).toEqual([]);
      expect(named(Computed, [{ ticketId: null }])).toEqual([]);
      expect(named(Computed, [{ ticketId: 5 }])).toEqual([['ticketId', [[5]]]]);
    }));

  it('are named by the values that are stored', () => {
    expect(asAcme(() => named(Banner, [{ ticketId: 5 }]))).toEqual([['ticketId', [[50]]]]);
    for (const isUpdate of [true, false])
      expect(() => asAcme(() => named(Banner, [{ ticketId: -1 }], isUpdate))).toThrow(
        'Banner.ticketId is set by an SQL expression',
      );
    expect(asAcme(() => named(Banner, [{ ticketId: 0 }]))).toEqual([]);
    // It makes a key of null.
    expect(asAcme(() => named(Banner, [{}, { ticketId: null }]))).toEqual([['ticketId', [[99]]]]);
    expect(asAcme(() => named(Banner, [{ ticketId: null }], true))).toEqual([['ticketId', [[99]]]]);
    expect(asAcme(() => named(Banner, [{}], true))).toEqual([]);
    for (const isUpdate of [true, false])
      expect(asAcme(() => named(Citation, [{ ticketId: 5, language: '' }], isUpdate))).toEqual([]);
  });

  it('are looked for where the row or what it names is limited', () =>
    asAcme(() => {
      const exempt = (...entities: (new () => object)[]): unknown =>
        tenancy.unscoped('looks', { entities }, () => named(Note, [{ ticketId: 5 }]));
      const found = [['ticketId', [[5]]]];
      expect(exempt(Note)).toEqual(found);
      expect(exempt(Ticket)).toEqual(found);
      expect(exempt(Ticket, Note)).toEqual([]);
      expect(tenancy.unscoped('looks', () => named(Note, [{ ticketId: 5 }]))).toEqual([]);
    }));

  it('are told by values, not by SQL', () => {
    const ticketId = columnOf(Note, 'ticketId');
    const written = (value: unknown): unknown => assignedColumnValue(ticketId, { ticketId: value }, meta(Note));
    expect(() => written(() => '5')).toThrow('Note.ticketId is set by an SQL expression');
    expect([written(5), written(null), written(undefined), written({ id: 5 })]).toEqual([5, null, undefined, 5]);
    const [date, bytes] = [new Date(0), new Uint8Array([1])];
    expect([written(date), written(bytes)]).toEqual([date, bytes]);
    const fixed = columnOf(Quote, 'ticketId');
    const object = { id: 5 };
    expect(assignedColumnValue(fixed, { ticketId: object }, meta(Quote))).toBe(object);
    const held = { ticketId: { id: { id: 5 } } };
    expect(assignedColumnValue(ticketId, held, meta(Note))).toBe(5);
  });
});

type Answer = (sql: string, parameters: unknown[]) => ObjectLiteral[];
/** A query runner that answers what it is asked, and writes it down. */
function listening(answer: Answer, on = dataSource): { runner: QueryRunner; sent: [string, unknown[]][] } {
  const sent: [string, unknown[]][] = [];
  const query = (sql: string, parameters: unknown[] = [], structured = false): Promise<unknown> => {
    sent.push([sql, [...parameters]]);
    const records = answer(sql, parameters);
    return Promise.resolve(structured ? { records } : records);
  };
  return { runner: { dataSource: on, connection: on, query } as unknown as QueryRunner, sent };
}
/** Answers with the rows whose keys are given, but for some. */
const allBut =
  (...unseen: unknown[]): Answer =>
  (_, parameters) =>
    parameters.slice(1).flatMap((value) => (unseen.includes(value) ? [] : [{ c0: String(value) }]));

describe('G-06 rows that a write names are checked', () => {
  const TICKETS = 'SELECT CAST("target"."id" AS TEXT) AS "c0" FROM "ticket" "target" WHERE';
  const lookup = (entity: EntityTarget<ObjectLiteral>, property: string, ...values: unknown[][]): ForeignKeyLookup => {
    const key = foreignKeysOf(meta(entity), policies).find((candidate) => candidate.property === property)!;
    return { entity: meta(entity), key, values, owned: false };
  };
  const required = (answer: Answer, ...lookups: ForeignKeyLookup[]): Promise<[string, unknown[]][]> => {
    const { runner, sent } = listening(answer);
    return asAcme(() => assertReferencesVisible(lookups, runner)).then(() => sent);
  };

  it('by one statement per table, within the scope, deleted or not', async () => {
    const sent = await required(
      allBut(),
      lookup(Note, 'ticketId', [5], [6]),
      lookup(Ticket, 'assigneeId', [5]),
      lookup(Quote, 'ticketId', [6], [7]),
    );
    expect(sent.map(([, parameters]) => parameters)).toEqual([
      [1, 5, 6, 7],
      [1, 5],
    ]);
    const [[tickets], [members]] = sent;
    expect(tickets.startsWith(`${TICKETS} `)).toBe(true);
    expect(tickets).toContain('"target"."id" IN (?, ?, ?)');
    expect(tickets).toContain('"target"."organizationId" = ?');
    expect(tickets).not.toContain('deletedAt');
    expect(members).toContain('FROM "member" "target" WHERE');
  });

  it('and one that the scope does not see is told by the name of its key', async () => {
    const own = lookup(Note, 'ticketId', [5]);
    const foreign = lookup(Quote, 'ticketId', [6], [9001]);
    const refused = (answer: Answer, ...lookups: ForeignKeyLookup[]): Promise<unknown> =>
      required(answer, ...lookups).catch((error: Error) => [error.name, error.message]);
    const problem = ['ReferenceUnknownError', expect.stringContaining('ticketId')];
    expect(await refused(allBut(9001), own, foreign)).toEqual(problem);
    expect(await refused(allBut(5), own, foreign)).toEqual(problem);
    expect(await refused(allBut(5), own)).toMatchObject([problem[0], expect.stringContaining('Note')]);
    expect(await refused(allBut(9001), own, foreign)).toMatchObject([problem[0], expect.stringContaining('Quote')]);
    expect(await required(allBut(9001), own)).toHaveLength(1);
  });

  it('in groups of a thousand, each row once', async () => {
    const values = Array.from({ length: 2001 }, (_, i) => [i + 10]);
    const sent = await required(allBut(), lookup(Note, 'ticketId', ...values, [10], [11]));
    expect(sent.map(([, parameters]) => parameters.length - 1)).toEqual([1000, 1000, 1]);
    expect(new Set(sent.flatMap(([, parameters]) => parameters.slice(1))).size).toBe(2001);
    expect(await required(allBut(), lookup(Note, 'ticketId', ...values.slice(0, 1000)))).toHaveLength(1);
  });

  it('one by one where the database gives a key back in another form', async () => {
    const answer: Answer = (_, parameters) => parameters.slice(1).map((value) => ({ c0: `0${String(value)}` }));
    const sent = await required(answer, lookup(Note, 'ticketId', [5], [6]));
    expect(sent.map(([, parameters]) => parameters.slice(1))).toEqual([[5, 6], [5], [6]]);
    const { runner } = listening(answer);
    const id = [columnOf(Ticket, 'id')];
    expect(await asAcme(() => areAllVisible(runner, meta(Ticket), id, [[5]]))).toBe(true);
    const none = listening(() => []);
    expect(await asAcme(() => areAllVisible(none.runner, meta(Ticket), id, [[5]]))).toBe(false);
  });

  it('by all columns of their key', async () => {
    const rows = [
      { c0: '5', c1: 'en' },
      { c0: '6', c1: 'de' },
    ];
    const sent = await required(() => rows, lookup(Proofreading, 'translation', [5, 'en'], [6, 'de']));
    expect(sent).toHaveLength(1);
    const [[sql, parameters]] = sent;
    const row = '("target"."ticketId" = ? AND "target"."language" = ?)';
    expect(sql).toContain(`${row} OR ${row}`);
    expect(sql).toMatch(/^SELECT CAST\("target"\."ticketId" AS TEXT\) AS "c0", "target"\."language" AS "c1" FROM/);
    expect(parameters).toEqual([1, 5, 'en', 6, 'de']);
  });

  it('by a statement of its own for each set of columns that names them', async () => {
    const [id, number] = [columnOf(Ticket, 'id'), columnOf(Ticket, 'orderNumber')];
    const by = (referenced: ColumnMetadata): ForeignKeyLookup => {
      const first = lookup(Note, 'ticketId', [5]);
      return { ...first, key: { ...first.key, columns: [{ own: first.key.columns[0].own, referenced }] } };
    };
    expect(await required(allBut(), by(id), by(number), by(id))).toHaveLength(2);
  });

  it('and never by the cache', async () => {
    const cached = await unconnected('sqljs', ENTITIES, { cache: { alwaysEnabled: true } });
    const { runner, sent } = listening(allBut(), cached);
    const failing = (): never => {
      throw new Error('the cache is asked');
    };
    cached.queryResultCache = new Proxy({}, { get: () => failing }) as never;
    const ticket = cached.getMetadata(Ticket);
    const id = [ticket.findColumnWithPropertyPath('id')!];
    expect(await asAcme(() => selectByKeys(runner, ticket, id, [[5]], id))).toEqual([['5']]);
    expect(sent).toHaveLength(1);
  });

  it('with the columns that are wanted, in their order', async () => {
    const { runner, sent } = listening(() => [{ c0: 'x', c1: 3, more: 1 }]);
    const [id, subject, status] = ['id', 'subject', 'status'].map((path) => columnOf(Ticket, path));
    expect(await asAcme(() => selectByKeys(runner, meta(Ticket), [id], [[5], [5]], [subject, status]))).toEqual([
      ['x', 3],
    ]);
    expect(sent[0][0]).toMatch(/^SELECT "target"\."subject" AS "c0", "target"\."status" AS "c1" FROM/);
    expect(sent[0][1]).toEqual([1, 5]);
    expect(await asAcme(() => selectByKeys(runner, meta(Ticket), [id], [], [id]))).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  it('with texts compared to texts', async () => {
    const { runner, sent } = listening(() => []);
    const asked = async (entity: EntityTarget<ObjectLiteral>, path: string, value: unknown): Promise<unknown> => {
      await asAcme(() => selectByKeys(runner, meta(entity), [columnOf(entity, path)], [[value]], []).catch(() => []));
      return sent.at(-1)?.[1][1];
    };
    expect(await asked(Ticket, 'subject', 5)).toBe('5');
    expect(await asked(Ticket, 'subject', 5n)).toBe('5');
    expect(await asked(Ticket, 'subject', 'x')).toBe('x');
    expect(await asked(Ticket, 'subject', null)).toBe(null);
    expect(await asked(Ticket, 'points', 5)).toBe(5);
    expect(await asked(Ticket, 'points', '5')).toBe('5');
    for (const type of ['varchar', 'text', 'nchar', 'CHARACTER'] as const) {
      const column = Object.assign(Object.create(columnOf(Ticket, 'subject')) as ColumnMetadata, { type });
      await asAcme(() => selectByKeys(runner, meta(Ticket), [column], [[5]], [column]));
      expect(sent.at(-1)?.[1][1]).toBe('5');
    }
  });

  it('and told apart by their keys, in one form', () => {
    const plain = columnOf(Ticket, 'id');
    const key = (value: unknown, column = plain): string => serializeRowKey([value], [column]);
    expect(key(5)).toBe(key('5'));
    expect(key(5n)).toBe(key('5'));
    expect(key('a')).not.toBe(key('A'));
    const on = (driver: string, type: string): ColumnMetadata =>
      ({ type, entityMetadata: { dataSource: { driver: { options: { type: driver } } } } }) as never;
    expect(key('A', on('postgres', 'uuid'))).toBe('["a"]');
    // There they are texts.
    expect(key('A', on('sqljs', 'uuid'))).toBe('["A"]');
    expect(key('A', on('postgres', 'varchar'))).toBe('["A"]');
    expect(key(new Date(0))).toBe('["1970-01-01T00:00:00.000Z"]');
    expect(key(new Uint8Array([1, 171]))).toBe('["0x01ab"]');
    expect(key(new Uint8Array([0, 1, 171, 0]).subarray(1, 3))).toBe('["0x01ab"]');
    expect(serializeRowKey(['a,b'], [plain])).not.toBe(serializeRowKey(['a', 'b'], [plain, plain]));
    expect(serializeRowKey(['A', 'A'], [plain, on('postgres', 'uuid')])).toBe('["A","a"]');
  });

  it('by the values that are stored', () => {
    const columns = [columnOf(Banner, 'ticketId'), columnOf(Banner, 'id')];
    expect(toDatabaseValues({ ticketId: 5, id: 6 }, columns, dataSource)).toEqual([50, 6]);
    expect(toDatabaseValues({ ticketId: null }, columns, dataSource)).toEqual([null, undefined]);
    expect(toDatabaseValues({}, columns, dataSource)).toEqual([undefined, undefined]);
  });
});

describe('G-06 whole numbers are selected exactly', () => {
  const selected = (type: string, database: string): string =>
    losslessColumnSql({ type: type as ColumnType } as ColumnMetadata, 'n', {
      driver: { options: { type: database }, normalizeType: (column: ColumnMetadata) => column.type },
    } as never);

  it('as texts, in the words of each database', () => {
    const whole = ['int', 'integer', 'int2', 'int4', 'int8', 'bigint', 'tinyint', 'unsigned big int', 'INT'];
    for (const type of whole) {
      for (const database of ['sqljs', 'postgres', 'better-sqlite3'])
        expect([type, selected(type, database)]).toEqual([type, 'CAST(n AS TEXT)']);
      for (const database of ['mysql', 'mariadb'])
        expect([type, selected(type, database)]).toEqual([type, 'CAST(n AS CHAR)']);
    }
  });

  it('and everything else as it is', () => {
    for (const type of ['varchar', 'uuid', 'interval', 'int4range', 'numeric', 'double precision', 'int16', 'blob'])
      expect([type, selected(type, 'postgres')]).toEqual([type, 'n']);
  });
});

describe('G-12 a write in an unscoped section connects rows of one tenant', () => {
  /** Tenants of rows, by table and key. */
  const TENANTS: Readonly<Record<string, number>> = {
    'ticket 5': 1,
    'ticket 9': 2,
    'member 5': 1,
    'member 9': 2,
    'label 5': 1,
    'label 9': 2,
  };
  const answer: Answer = (sql, parameters) => {
    const table = /FROM "(\w+)"/.exec(sql)![1];
    return parameters.flatMap((key) => {
      const tenant = TENANTS[`${table} ${String(key)}`];
      return tenant === undefined ? [] : [{ c0: String(key), c1: String(tenant) }];
    });
  };
  const CHANGES: [string, unknown[]] = ['SELECT the tenants of what is changed', [3]];
  const write = async (
    entity: EntityTarget<ObjectLiteral>,
    valueSets: ObjectLiteral[],
    changed?: number[],
  ): Promise<[string, unknown[]][]> => {
    const { runner, sent } = listening((sql, parameters) =>
      sql === CHANGES[0] ? changed!.map((c0) => ({ c0 })) : answer(sql, parameters),
    );
    const isUpdate = changed !== undefined;
    const changes = isUpdate ? { affectedOwnersQuery: CHANGES } : {};
    await tenancy.unscoped('writes', () =>
      assertSameTenant({ keys: writtenBy(entity, valueSets, isUpdate), ...changes }, policies, runner),
    );
    return sent;
  };
  const VIOLATION = 'would connect rows of two tenants';

  it('for an insert: its own and what it names', async () => {
    expect(await write(Note, [{ organizationId: 1, ticketId: 5 }])).toHaveLength(1);
    expect(await write(Note, [{ organizationId: '2', ticketId: 9 }])).toHaveLength(1);
    await expect(write(Note, [{ organizationId: 2, ticketId: 5 }])).rejects.toThrow(`Note.ticketId ${VIOLATION}`);
    const rows = [
      { organizationId: 1, ticketId: 5 },
      { organizationId: 2, ticketId: 9 },
      { organizationId: 1, ticketId: null },
      { organizationId: 2 },
      { organizationId: 2, ticketId: 404 },
    ];
    const [[sql, parameters]] = await write(Note, rows);
    expect(parameters).toEqual([5, 9, 404]);
    expect(sql).toMatch(
      /^SELECT CAST\("target"\."id" AS TEXT\) AS "c0", CAST\("target"\."organizationId" AS TEXT\) AS "c1" FROM "ticket"/,
    );
    await expect(write(Note, [...rows, { organizationId: 1, ticketId: 9 }])).rejects.toThrow(VIOLATION);
  });

  it('for a link, which has no tenant of its own: both its sides', async () => {
    const link = (ticketId: number, labelId: number): ObjectLiteral => ({ ticketId, labelId });
    expect(await write('ticket_labels_label', [link(5, 5), link(9, 9)])).toHaveLength(2);
    await expect(write('ticket_labels_label', [link(5, 5), link(9, 5)])).rejects.toThrow(VIOLATION);
    await expect(write(Watcher, [{ ticketId: 5, memberId: 9 }])).rejects.toThrow(`Watcher.memberId ${VIOLATION}`);
  });

  it('for an update: the rows that it changes and what it names', async () => {
    const sent = await write(Note, [{ ticketId: 5 }], [1, 1]);
    expect(sent[0]).toEqual(CHANGES);
    expect(sent).toHaveLength(2);
    await expect(write(Note, [{ ticketId: 5 }], [2])).rejects.toThrow(VIOLATION);
    await expect(write(Note, [{ ticketId: 5 }], [1, 2])).rejects.toThrow(VIOLATION);
    await expect(write(Note, [{ ticketId: 5 }], [2, 1])).rejects.toThrow(VIOLATION);
    expect(await write(Note, [{ ticketId: null }], [1, 2])).toEqual([]);
    expect(await write(Note, [{ ticketId: 5 }], [])).toHaveLength(1);
  });

  it('for an update of rows that have no tenant of their own: what they belong to', async () => {
    expect(await write(Watcher, [{ ticketId: 5, memberId: 5 }], [9])).toHaveLength(2);
    await expect(write(Watcher, [{ ticketId: 5, memberId: 9 }], [9])).rejects.toThrow(VIOLATION);
    const sent = await write(Watcher, [{ memberId: 5 }], [5]);
    expect(sent.map(([sql]) => /FROM "(\w+)"/.exec(sql)?.[1])).toEqual([undefined, 'ticket', 'member']);
    await expect(write(Watcher, [{ memberId: 5 }], [9])).rejects.toThrow(`Watcher.memberId ${VIOLATION}`);
    await expect(write(Watcher, [{ memberId: 5 }], [5, 9])).rejects.toThrow(VIOLATION);
    expect(await write(Watcher, [{ memberId: null }], [5])).toEqual([]);
    expect(await write(Watcher, [{ ticketId: 5 }], [9])).toHaveLength(1);
  });

  it('and asks nothing where it names rows without an owner', async () => {
    expect(await write(Label, [{ organizationId: 1 }])).toEqual([]);
    expect(await write(Credential, [{ text: 'x' }], [1, 2])).toEqual([]);
    expect(await write(Note, [{ organizationId: 1 }])).toEqual([]);
    expect(await write(Step, [{ organizationId: 1, code: null }])).toEqual([]);
    expect(await write(Verdict, [{ ticketId: 9 }, { ticketId: 5 }])).toEqual([]);
    expect(await write(Banner, [{ ticketId: 9 }])).toEqual([]);
  });
});
