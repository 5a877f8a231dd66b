import type { DataSource, EntityTarget, ObjectLiteral } from 'typeorm';
import {
  Attachment,
  Credential,
  Document,
  Folder,
  Invoice,
  Label,
  Member,
  News,
  Note,
  Organization,
  ParcelSchema,
  Photo,
  Proofreading,
  Quote,
  Recording,
  Reminder,
  Tally,
  Ticket,
  Topic,
  Translation,
  Verdict,
  Watcher,
} from './desk.js';

/** Fills the empty tables of a help desk: the same rows for Acme, with keys from 1, and for Globex, with keys from 9001. */
export async function sow(dataSource: DataSource): Promise<void> {
  const add = (entity: EntityTarget<ObjectLiteral>, ...rows: ObjectLiteral[]): Promise<unknown> =>
    dataSource.getRepository(entity).insert(rows);
  await add(Organization, { id: 1, name: 'acme' }, { id: 2, name: 'globex' });
  await countFrom(dataSource, News, 1);
  await add(News, { ...key(dataSource, 1), text: 'released' });
  for (const [organizationId, name, at] of [
    [1, 'acme', 0],
    [2, 'globex', 9000],
  ] as const) {
    const text = (what: string): string => `${name} ${what}`;
    for (const entity of COUNTED) await countFrom(dataSource, entity, at + 1);
    const row = (n: number): ObjectLiteral => ({ organizationId, ...key(dataSource, at + n) });
    const id = (n: number): { id: number } => ({ id: at + n });
    const numbers = [1, 2, 3];

    await add(Member, { ...row(1), email: `${name}@example.com` });
    await add(
      Ticket,
      ...numbers.map((n) => ({
        ...row(n),
        orderNumber: 1000 + n,
        subject: text(`ticket ${n}`),
        points: n,
        assigneeId: at + 1,
      })),
    );
    await add(Note, ...numbers.map((n) => ({ ...row(n), body: text(`note ${n}`), ticketId: at + n })));
    await add(Verdict, { ...key(dataSource, at + 1), summary: text('verdict'), ticketId: at + 1 });
    await add(Watcher, { ticketId: at + 1, memberId: at + 1, reason: text('reason') });
    await add(Label, { ...row(1), name: text('label') });
    await into(dataSource, 'ticket_labels_label', { ticketId: at + 1, labelId: at + 1 });
    await into(dataSource, 'label_synonyms_label', { labelId_1: at + 1, labelId_2: at + 1 });
    await add(Document, {
      id: `00000000-0000-4000-8000-00000000${String(at + 1).padStart(4, '0')}`,
      organizationId,
      title: text('document'),
      ticket: id(1),
    });
    await add(Topic, { ...row(1), title: text('topic') });
    await add(Topic, { ...row(2), title: text('topic below'), parent: id(1) });
    for (const [above, below] of [
      [1, 1],
      [2, 2],
      [1, 2],
    ]) {
      await into(dataSource, 'topic_closure', { id_ancestor: at + above, id_descendant: at + below });
    }
    await add(Folder, { ...row(1), name: text('folder') });
    await add(Folder, { ...row(2), name: text('folder below'), parent: id(1) });
    const path = dataSource.getMetadata(Folder).materializedPathColumn!.databaseName;
    await setPath(dataSource, path, at + 1, `${at + 1}.`);
    await setPath(dataSource, path, at + 2, `${at + 1}.${at + 2}.`);
    await add(Photo, { ...row(1), name: text('photo'), camera: text('camera') });
    await add(Recording, { ...row(2), name: text('recording'), seconds: 60 });
    await add(Reminder, { ...row(1), text: text('reminder'), ticket: id(1) });
    await add(Invoice, { ...key(dataSource, at + 1), ownership: { organizationId }, text: text('invoice') });
    await add(Credential, { ...row(1), text: text('credential') });
    await add(Quote, { ...row(1), text: text('quote'), ticketId: at + 1 });
    await add(Translation, { ticketId: at + 1, language: 'en', text: text('translation') });
    await add(Proofreading, { ...row(1), translation: { ticketId: at + 1, language: 'en' } });
    await add(Tally, row(1));
    await add(ParcelSchema, { ...row(1), text: text('parcel') });
  }
}

const COUNTED = [
  Member,
  Ticket,
  Note,
  Verdict,
  Label,
  Topic,
  Folder,
  Attachment,
  Reminder,
  Invoice,
  Credential,
  Quote,
  Proofreading,
  Tally,
  ParcelSchema,
];

/** PostgreSQL takes no keys for columns that it counts itself: there the counter is set. */
async function countFrom(dataSource: DataSource, entity: EntityTarget<ObjectLiteral>, next: number): Promise<void> {
  if (dataSource.options.type !== 'postgres') return;
  const { tableName } = dataSource.getMetadata(entity);
  await dataSource.query(`SELECT setval(pg_get_serial_sequence('${tableName}', 'id'), ${next}, false)`);
}

function key(dataSource: DataSource, id: number): { id?: number } {
  return dataSource.options.type === 'postgres' ? {} : { id };
}

async function into(dataSource: DataSource, table: string, values: Readonly<Record<string, number>>): Promise<void> {
  const columns = Object.keys(values).map((name) => dataSource.driver.escape(name));
  await dataSource.query(
    `INSERT INTO ${dataSource.driver.escape(table)} (${columns.join()}) VALUES (${Object.values(values).join()})`,
  );
}

async function setPath(dataSource: DataSource, column: string, id: number, path: string): Promise<void> {
  const [table, name] = ['folder', column].map((part) => dataSource.driver.escape(part));
  await dataSource.query(`UPDATE ${table} SET ${name} = '${path}' WHERE id = ${id}`);
}
