import { Tenancy, declareScope } from 'nestjs-muck';
import type { DataSource, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { createDatabase } from './databases.js';
import type { DatabaseKind, TestDatabase } from './databases.js';
import { detach } from './detach.js';
import { Document, Label, Member, News, Note, openDesk, Organization, Ticket, Topic, Verdict } from './desk.js';

declareScope({ organizationId: Number });

export const tenancy = new Tenancy();

/** The tenant that attacks. */
export const ACME = { organizationId: 1 } as const;
/** The tenant that is attacked. */
export const GLOBEX = { organizationId: 2 } as const;

/** Keys of Globex's rows: an attacker may guess them. */
export const foreign = {
  member: 9001,
  ticket: 9001,
  otherTicket: 9002,
  note: 9001,
  verdict: 9001,
  label: 9001,
  topic: 9001,
  document: '00000000-0000-4000-8000-000000009001',
} as const;

/** Keys of Acme's rows. */
export const own = { member: 1, ticket: 1, otherTicket: 2, note: 1, verdict: 1, label: 1, topic: 1 } as const;

/** How many rows Acme has. */
export const ACME_TICKETS = 3;

/** Two tenants' help desks in one database. */
export class World {
  private untouched = '';

  private constructor(
    readonly dataSource: DataSource,
    private readonly database: TestDatabase,
  ) {}

  /**
   * Makes a world in a database of its own.
   *
   * @param enforced false for a world in which enforcement is taken off: what crosses there proves that an attack is one
   */
  static async open(kind: DatabaseKind, enforced: boolean): Promise<World> {
    const database = await createDatabase(kind);
    const dataSource = await openDesk({ ...database.options, ...(kind !== 'sqljs' && { poolSize: 5 }) } as never);
    const world = new World(dataSource, database);
    await world.seed();
    world.untouched = await world.everything();
    if (!enforced) detach(dataSource);
    return world;
  }

  readonly repo = <T extends ObjectLiteral>(entity: EntityTarget<T>): Repository<T> => this.dataSource.getRepository(entity);

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }

  /** Every row that belongs to Globex or touches one that does, as text. */
  async globex(): Promise<string> {
    const e = (name: string): string => this.dataSource.driver.escape(name);
    const org = `${e('organizationId')} = 2`;
    const tickets = `(SELECT ${e('id')} FROM ${e('ticket')} WHERE ${org})`;
    const queries = [
      `SELECT * FROM ${e('organization')} WHERE ${e('id')} = 2`,
      `SELECT * FROM ${e('member')} WHERE ${org}`,
      `SELECT * FROM ${e('ticket')} WHERE ${org} OR ${e('assigneeId')} IN (SELECT ${e('id')} FROM ${e('member')} WHERE ${org})`,
      `SELECT * FROM ${e('note')} WHERE ${org} OR ${e('ticketId')} IN ${tickets}`,
      `SELECT * FROM ${e('verdict')} WHERE ${e('ticketId')} IN ${tickets}`,
      `SELECT * FROM ${e('label')} WHERE ${org}`,
      `SELECT * FROM ${e('ticket_labels_label')} WHERE ${e('ticketId')} IN ${tickets} OR ${e('labelId')} IN (SELECT ${e('id')} FROM ${e('label')} WHERE ${org})`,
      `SELECT * FROM ${e('document')} WHERE ${org} OR ${e('ticketId')} IN ${tickets}`,
      `SELECT * FROM ${e('topic')} WHERE ${org} OR ${e('parentId')} IN (SELECT ${e('id')} FROM ${e('topic')} WHERE ${org})`,
      `SELECT * FROM ${e('topic_closure')} WHERE ${e('id_ancestor')} IN (SELECT ${e('id')} FROM ${e('topic')} WHERE ${org}) OR ${e('id_descendant')} IN (SELECT ${e('id')} FROM ${e('topic')} WHERE ${org})`,
    ];
    return this.read(queries);
  }

  /** Puts the rows back as they were, if anything has changed. */
  async reset(): Promise<void> {
    if ((await this.everything()) === this.untouched) return;
    await tenancy.unscoped('starts afresh', () => this.dataSource.synchronize(true));
    await this.seed();
    this.untouched = await this.everything();
  }

  private everything(): Promise<string> {
    return this.read(this.dataSource.entityMetadatas.map(({ tableName }) => `SELECT * FROM ${this.dataSource.driver.escape(tableName)}`));
  }

  private async read(queries: readonly string[]): Promise<string> {
    const rows = await tenancy.unscoped('looks at everything', async () => {
      const all: unknown[] = [];
      for (const query of queries) all.push(await this.dataSource.query(`${query} ORDER BY 1, 2`));
      return all;
    });
    return JSON.stringify(rows);
  }

  private async seed(): Promise<void> {
    await tenancy.unscoped('two desks', async () => {
      await this.repo(Organization).insert([
        { id: 1, name: 'acme' },
        { id: 2, name: 'globex' },
      ]);
      await this.repo(News).insert({ text: 'released' });
      for (const [organizationId, name, at] of [
        [1, 'acme', 0],
        [2, 'globex', 9000],
      ] as const) {
        const text = (what: string): string => `${name} ${what}`;
        // PostgreSQL takes no keys for columns that it counts itself.
        if (at > 0 && this.dataSource.options.type === 'postgres') {
          for (const table of ['member', 'ticket', 'note', 'verdict', 'label', 'topic']) {
            await this.dataSource.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), ${at})`);
          }
        }
        await this.repo(Member).insert({ organizationId, email: `${name}@example.com`, ...key(at, 1) });
        for (const n of [1, 2, 3]) {
          await this.repo(Ticket).insert({
            organizationId,
            orderNumber: 1000 + n,
            subject: text(`ticket ${n}`),
            points: n,
            assigneeId: at + 1,
            ...key(at, n),
          });
          await this.repo(Note).insert({ organizationId, body: text(`note ${n}`), ticketId: at + n, ...key(at, n) });
        }
        await this.repo(Verdict).insert({ summary: text('verdict'), ticketId: at + 1, ...key(at, 1) });
        await this.repo(Label).insert({ organizationId, name: text('label'), ...key(at, 1) });
        await this.dataSource
          .createQueryBuilder()
          .insert()
          .into('ticket_labels_label')
          .values({ ticketId: at + 1, labelId: at + 1 })
          .execute();
        await this.repo(Document).insert({
          id: at === 0 ? '00000000-0000-4000-8000-000000000001' : foreign.document,
          organizationId,
          title: text('document'),
        });
        await this.repo(Topic).insert({ organizationId, title: text('topic'), ...key(at, 1) });
        const names = ['topic_closure', 'id_ancestor', 'id_descendant'].map((name) => this.dataSource.driver.escape(name));
        await this.dataSource.query(`INSERT INTO ${names[0]} (${names[1]}, ${names[2]}) VALUES (${at + 1}, ${at + 1})`);
      }
    });
  }
}

/** Acme's keys are counted by the database, from 1; Globex's are far away from them. */
function key(at: number, n: number): { id?: number } {
  return at === 0 ? {} : { id: at + n };
}
