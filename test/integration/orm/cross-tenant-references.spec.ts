import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped, TenantScopeViolationError, TenantShared } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

/* What an unscoped write connects, with tenants of two keys that stand far above a row. Its foreign keys are not those of the database. */

declareScope({ tenant: String, branch: Number });

const LOOSE = { createForeignKeyConstraints: false } as const;

/** All branches of a tenant share it. */
@Entity('uns_member')
@TenantScoped({ omit: ['branch'] })
class Member {
  @PrimaryColumn() id!: number;
  @Column() tenant!: string;
}

@Entity('uns_ticket')
@TenantScoped()
class Ticket {
  @PrimaryColumn() id!: number;
  @Column() tenant!: string;
  @Column() branch!: number;
  @ManyToOne(() => Member, { nullable: true, ...LOOSE }) assignee!: Relation<Member> | null;
}

@Entity('uns_comment')
@TenantScoped({ via: 'ticket' })
class Comment {
  @PrimaryColumn() id!: number;
  @ManyToOne(() => Ticket, { nullable: false, ...LOOSE }) ticket!: Relation<Ticket>;
}

@Entity('uns_file')
@TenantScoped({ via: 'comment' })
class File {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Comment, { nullable: false, ...LOOSE }) comment!: Relation<Comment>;
  @ManyToOne(() => Member, { nullable: true, ...LOOSE }) author!: Relation<Member> | null;
  @ManyToOne(() => File, { nullable: true, ...LOOSE }) copyOf!: Relation<File> | null;
}

/** Its parent is told by two columns. */
@Entity('uns_text')
@TenantScoped()
class Text {
  @PrimaryColumn() number!: number;
  @PrimaryColumn() language!: string;
  @Column() tenant!: string;
  @Column() branch!: number;
}

@Entity('uns_line')
@TenantScoped({ via: 'text' })
class Line {
  @PrimaryGeneratedColumn() id!: number;
  @Column() number!: number;
  @Column() language!: string;
  @ManyToOne(() => Text, { nullable: false, ...LOOSE })
  @JoinColumn([
    { name: 'number', referencedColumnName: 'number' },
    { name: 'language', referencedColumnName: 'language' },
  ])
  text!: Relation<Text>;
  @ManyToOne(() => Member, { nullable: true, ...LOOSE }) author!: Relation<Member> | null;
}

@Entity('uns_poster')
@TenantShared('what everybody sees')
class Poster {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => File, { nullable: true, ...LOOSE }) file!: Relation<File> | null;
  @Column({ type: Number, nullable: true, default: 1 }) memberId!: number | null;
  @ManyToOne(() => Member, { nullable: true, ...LOOSE }) member!: Relation<Member> | null;
}

const ENTITIES = [Member, Ticket, Comment, File, Text, Line, Poster];
const tenancy = new Tenancy();
let dataSource: DataSource;

beforeAll(async () => {
  dataSource = await new DataSource({ type: 'sqljs', entities: ENTITIES, synchronize: true }).initialize();
});
afterAll(() => dataSource.destroy());
beforeEach(() =>
  unscoped(async () => {
    for (const entity of ENTITIES) await dataSource.getRepository(entity).clear();
    const { manager } = dataSource;
    await manager.insert(Member, [
      { id: 1, tenant: 'acme' },
      { id: 9, tenant: 'globex' },
    ]);
    await manager.insert(Ticket, [
      { id: 1, tenant: 'acme', branch: 1 },
      { id: 2, tenant: 'acme', branch: 2 },
      { id: 9, tenant: 'globex', branch: 1 },
    ]);
    for (const id of [1, 2, 9]) await manager.insert(Comment, { id, ticket: { id } });
    for (const id of [1, 2, 9]) await manager.insert(File, { id, comment: { id } });
    await manager.insert(Text, [
      { number: 1, language: 'en', tenant: 'acme', branch: 1 },
      { number: 1, language: 'de', tenant: 'globex', branch: 1 },
    ]);
  }),
);

const unscoped = <R>(fn: () => R): R => tenancy.unscoped('writes', fn);
const [of1, of2, of9] = [1, 2, 9].map((id) => ({ id }));
const passes = async (write: () => Promise<unknown>): Promise<void> => {
  await expect(unscoped(write)).resolves.toBeDefined();
};
const isRefused = async (property: string, write: () => Promise<unknown>): Promise<void> => {
  const written = unscoped(write);
  await expect(written).rejects.toThrow(TenantScopeViolationError);
  await expect(written).rejects.toThrow(`${property} would connect rows of two tenants`);
};

describe('a tenant that stands two rows above', () => {
  const files = () => dataSource.getRepository(File);

  it('is compared where such a row is inserted', async () => {
    await passes(() => files().insert({ comment: of1, author: of1, copyOf: of1 }));
    await passes(() => files().insert({ comment: of9, author: of9, copyOf: of9 }));
    await isRefused('File.author', () => files().insert({ comment: of1, author: of9 }));
    await isRefused('File.copyOf', () => files().insert({ comment: of1, author: of1, copyOf: of9 }));
    await isRefused('File.copyOf', () => files().insert({ comment: of1, author: of1, copyOf: of2 }));
    await isRefused('File.author', () =>
      files().insert([
        { comment: of1, author: of1 },
        { comment: of9, author: of1 },
      ]),
    );
  });

  it('is compared where such a row is changed', async () => {
    await passes(() => files().update(1, { author: of1 }));
    await isRefused('File.author', () => files().update(1, { author: of9 }));
    await isRefused('File.author', () => files().update([1, 9], { author: of1 }));
    await isRefused('File.author', () => files().update([9, 1], { author: of9 }));
    await isRefused('File.author', () => files().update(1, { comment: of9, author: of1 }));
    await passes(() => files().update(1, { comment: of9, author: of9 }));
    await passes(() => files().update(2, { comment: of9 }));
    await passes(() => files().update(404, { author: of9 }));
  });

  it('is compared where it is saved', async () => {
    await isRefused('File.author', () => files().save({ comment: of1, author: of9 }));
    await isRefused('File.author', () => files().save({ id: 1, author: of9 }));
  });

  it('is compared where nothing but what is named has a tenant', async () => {
    const posters = dataSource.getRepository(Poster);
    await passes(() => posters.insert({ file: of1, memberId: 1 }));
    await isRefused('Poster.memberId', () => posters.insert({ file: of1, memberId: 9 }));
    // Its default is Acme's member, which an update leaves alone.
    await passes(() => posters.insert({ file: of1 }));
    await isRefused('Poster.memberId', () => posters.insert({ file: of9 }));
    await passes(() => posters.insert({ file: of9, memberId: null }));
    await passes(() => posters.update({ memberId: 1 }, { file: of1 }));
    await passes(() => posters.update({ memberId: 404 }, { file: of9 }));
  });

  it('is found by keys in another form than they are stored in', async () => {
    await isRefused('File.author', () => files().insert({ comment: { id: '009' as never }, author: of1 }));
    await isRefused('File.author', () => files().insert({ comment: of1, author: { id: '009' as never } }));
    await passes(() => files().insert({ comment: { id: '009' as never }, author: { id: '09' as never } }));
    await isRefused('File.author', () =>
      files().insert([
        { comment: of9, author: of9 },
        { comment: of1, author: { id: '09' as never } },
      ]),
    );
  });

  it('is none for rows that are not there', async () => {
    await passes(() => files().insert({ comment: { id: 404 }, author: of9 }));
    await passes(() => files().insert({ comment: of1, author: { id: 404 } }));
    await passes(() => dataSource.getRepository(Comment).update(1, { ticket: { id: 404 } }));
    await passes(() => files().update(1, { author: of9 }));
  });
});

describe('a tenant of two keys', () => {
  const tickets = () => dataSource.getRepository(Ticket);

  it('is compared by those that both rows have', async () => {
    await passes(() => tickets().insert({ id: 3, tenant: 'acme', branch: 3, assignee: of1 }));
    await isRefused('Ticket.assignee', () => tickets().insert({ id: 4, tenant: 'acme', branch: 3, assignee: of9 }));
    await passes(() => tickets().update([1, 2], { assignee: of1 }));
    await isRefused('Ticket.assignee', () => tickets().update([1, 9], { assignee: of1 }));
  });

  it('is the one that an update gives', async () => {
    await passes(() => tickets().update(1, { tenant: 'globex', assignee: of9 }));
    await isRefused('Ticket.assignee', () => tickets().update(2, { tenant: 'globex', assignee: of1 }));
    const globex = { tenant: 'globex', branch: 1 };
    await isRefused('Ticket.assignee', () => tickets().update(2, { ...globex, assignee: of1 }));
    await passes(() => tickets().update(2, { branch: 7, assignee: of1 }));
    await isRefused('Ticket.assignee', () => tickets().update(2, { branch: 7, assignee: of9 }));
  });
});

describe('a parent that is told by two columns', () => {
  const lines = () => dataSource.getRepository(Line);

  it('is found by both', async () => {
    await passes(() => lines().insert({ id: 1, number: 1, language: 'en', author: of1 }));
    await passes(() => lines().insert({ number: 1, language: 'de', author: of9 }));
    await isRefused('Line.author', () => lines().insert({ number: 1, language: 'de', author: of1 }));
  });

  it('is the one that an update of one of them makes', async () => {
    await passes(() => lines().insert({ id: 1, number: 1, language: 'en' }));
    await isRefused('Line.author', () => lines().update(1, { author: of9 }));
    await isRefused('Line.author', () => lines().update(1, { language: 'de', author: of1 }));
    await passes(() => lines().update(1, { language: 'de', author: of9 }));
  });
});
