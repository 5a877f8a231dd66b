import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';
import { attacks } from '../../../support/annex.js';
import type { Annex } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const onlyMariadb = (reason: string): Record<string, string> => ({
  sqljs: reason,
  postgres: reason,
  postgres15: reason,
});

@Entity()
@TenantScoped()
class Part {
  @PrimaryColumn({ length: 20 }) code!: string;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class PartUse {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Part) part!: Relation<Part>;
}

attacks(
  'G-06 a key that a database compares otherwise than it keeps it',
  {
    entities: () => [Part, PartUse],
    acme,
    sow: async ({ repo }) => {
      await repo(Part).insert([
        { code: '07', organizationId: 1 },
        { code: '0', organizationId: 1 },
        { code: '0a', organizationId: 1 },
        { code: '7', organizationId: 2 },
        { code: 'globex', organizationId: 2 },
      ]);
    },
    globex: async ({ repo }) => {
      const uses = await repo(PartUse).find({ relations: { part: true } });
      return uses.filter(({ part }) => part.organizationId === 2);
    },
  },
  {
    'is checked as it is kept when a number is given for a text': ({ repo }) =>
      repo(PartUse).insert({ organizationId: 1, part: { code: 7 as never } }),
    'is checked row by row when a number equals several texts': {
      attempt: ({ repo }) =>
        repo(PartUse).insert([
          { organizationId: 1, part: { code: 0 as never } },
          { organizationId: 1, part: { code: 'globex' } },
        ]),
      not: {},
    },
  },
);

/** Rows are named by bytes and by moments, which can change after they were given. */
@Entity()
@TenantScoped()
class Blob {
  @PrimaryColumn({ type: 'blob' as never }) key!: Buffer;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class ByteKey {
  @PrimaryColumn({ type: 'bytea' as never }) key!: Buffer;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
class BinaryKey {
  @PrimaryColumn({ type: 'varbinary' as never, length: 16 }) key!: Buffer;
  @Column() organizationId!: number;
}

const bytesOf = (kind: string): typeof ByteKey => (kind === 'sqljs' ? Blob : kind === 'mariadb' ? BinaryKey : ByteKey);

function useOf(target: () => new () => object, type: string): new () => { organizationId: number; bytesKey: Buffer } {
  class BytesUse {
    id!: number;
    organizationId!: number;
    bytesKey!: Buffer;
    bytes!: object;
  }
  Object.defineProperty(BytesUse, 'name', { value: `BytesUse${type}` });
  PrimaryGeneratedColumn()(BytesUse.prototype, 'id');
  Column({ type: Number })(BytesUse.prototype, 'organizationId');
  Column({ type: type as never, ...(type === 'varbinary' && { length: 16 }) })(BytesUse.prototype, 'bytesKey');
  ManyToOne(target)(BytesUse.prototype, 'bytes');
  JoinColumn({ name: 'bytesKey' })(BytesUse.prototype, 'bytes');
  Entity(`bytes_use_${type}`)(BytesUse);
  TenantScoped()(BytesUse);
  return BytesUse;
}

const USES = {
  sqljs: useOf(() => Blob, 'blob'),
  mariadb: useOf(() => BinaryKey, 'varbinary'),
  postgres: useOf(() => ByteKey, 'bytea'),
};
const useFor = (kind: string): (typeof USES)['sqljs'] =>
  USES[kind === 'postgres15' ? 'postgres' : (kind as keyof typeof USES)];

const OWN = Buffer.from('acme-key');
const FOREIGN = Buffer.from('glob-key');

/** Runs `then` when the database has answered for the first time. */
function afterFirstAnswer({ dataSource }: Annex, then: () => void): () => void {
  let done = false;
  const subscriber = {
    afterQuery: ({ query }: { query: string }) => {
      if (done || !query.startsWith('SELECT')) return;
      done = true;
      then();
    },
  };
  dataSource.subscribers.push(subscriber as never);
  return () => void dataSource.subscribers.pop();
}

attacks(
  'G-06 a key of bytes',
  {
    entities: (kind) => [bytesOf(kind), useFor(kind)],
    acme,
    sow: async ({ repo, kind }) => {
      await repo(bytesOf(kind)).insert([
        { key: OWN, organizationId: 1 },
        { key: FOREIGN, organizationId: 2 },
      ]);
    },
    globex: async ({ repo, kind }) => {
      const uses = await repo(useFor(kind)).find();
      return uses.filter(({ bytesKey }) => Buffer.from(bytesKey).equals(FOREIGN));
    },
  },
  {
    'is not changed after it was checked': async (annex) => {
      const key = Buffer.from(OWN);
      const stop = afterFirstAnswer(annex, () => void FOREIGN.copy(key));
      const enforced = Object.hasOwn(annex.dataSource, 'createEntityManager');
      if (!enforced) FOREIGN.copy(key);
      try {
        return await annex.repo(useFor(annex.kind)).insert({ organizationId: 1, bytesKey: key });
      } finally {
        stop();
      }
    },
    'is checked': ({ repo, kind }) => repo(useFor(kind)).insert({ organizationId: 1, bytesKey: FOREIGN }),
  },
);

/** A shared table whose rows tell of whom they are. */
@Entity()
@TenantShared('what has happened, read by the platform only')
class Happening {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

/** Its column is named like a table. */
@Entity()
@TenantScoped()
class Visit {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() memo!: string;
}

@Entity()
@TenantScoped()
@Index(['organizationId', 'body'])
class Memo {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() body!: string;
}

const predicateOf = (annex: Annex, alias: string): string =>
  annex.repo(Memo).createQueryBuilder(alias).getQuery().split(' WHERE ')[1] ?? '1=1';

attacks(
  'G-06 ambiguous names',
  {
    entities: () => [Happening, Visit, Memo],
    acme,
    sow: async ({ repo }) => {
      await repo(Happening).insert({ organizationId: 1, text: 'started' });
      await repo(Visit).insert({ organizationId: 1, memo: 'acme visit' });
      await repo(Memo).insert([
        { organizationId: 1, body: 'acme memo' },
        { organizationId: 2, body: 'globex memo' },
      ]);
    },
    globex: ({ repo }) => repo(Memo).findBy({ organizationId: 2 }),
  },
  {
    'do not hide a table behind a column of the same name': ({ repo, kind, dataSource }) => {
      const word = kind === 'sqljs' ? 'offset' : kind === 'mariadb' ? 'window' : 'set';
      return repo(Visit)
        .createQueryBuilder('v')
        .select(
          `(SELECT MAX(body) FROM happening h JOIN (SELECT 1 AS ${dataSource.driver.escape(word)}) o ON ${word} + 0 = 1, memo)`,
          'text',
        )
        .getRawMany();
    },
    'do not hide a table behind a column of the same name and a hint': {
      attempt: ({ repo }) =>
        repo(Visit)
          .createQueryBuilder('v')
          .select('(SELECT MAX(body) FROM happening h USE INDEX FOR ORDER BY (PRIMARY), memo)', 'text')
          .getRawMany(),
      not: onlyMariadb('it has no hints'),
    },
    'do not lend the condition of a conflict to the rows that are read': {
      attempt: async (annex) => {
        const { repo } = annex;
        await repo(Happening)
          .createQueryBuilder('h')
          .addCommonTableExpression(
            `INSERT INTO happening AS m ("organizationId", "text") SELECT 1, m.body FROM memo m ON CONFLICT (id) DO UPDATE SET "text" = 'x' WHERE ${predicateOf(annex, 'm')} RETURNING 1`,
            'told',
          )
          .getMany();
        return repo(Happening).find();
      },
      not: {
        sqljs: 'it reads only in a common table expression',
        mariadb: 'it reads only in a common table expression',
      },
    },
  },
);
