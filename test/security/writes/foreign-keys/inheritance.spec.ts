import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  RelationId,
  TableInheritance,
  Unique,
  type EntityTarget,
  type ObjectLiteral,
  type Relation,
} from 'typeorm';
import { attacks, tenancy } from '../../../support/annex.js';
import type { Annex, AnnexAttempt } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
const OWN = 1;
const FOREIGN = 2;
const KIND = { column: { type: 'varchar', name: 'kind', length: 30 } } as const;
const LOOSE = { createForeignKeyConstraints: false, nullable: true } as const;

@Entity()
@TenantScoped()
class Agent {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}
/** Its key has two columns. */
@Entity()
@TenantScoped()
class Place {
  @PrimaryColumn() room!: number;
  @PrimaryColumn() number!: number;
  @Column() organizationId!: number;
}
/** Another target of a shared column. */
@Entity()
@TenantScoped()
class Machine {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}

abstract class OwnRow {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) code!: string;
}

@Entity('activity')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
class Activity extends OwnRow {
  @Column({ default: '' }) title!: string;
}
@ChildEntity()
class Call extends Activity {
  @ManyToOne(() => Agent, { nullable: true }) caller!: Relation<Agent> | null;
}
@ChildEntity()
class Memo extends Activity {
  @Column({ default: '' }) text!: string;
}

@Entity('event')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
abstract class Happening extends OwnRow {}
@ChildEntity()
class Visit extends Happening {}
@ChildEntity()
class LongVisit extends Visit {
  @ManyToOne(() => Agent, { nullable: true }) host!: Relation<Agent> | null;
}
@ChildEntity()
class ShortVisit extends Visit {}
@ChildEntity()
class Fair extends Happening {}

class Details {
  @Column({ default: '' }) note!: string;
  @ManyToOne(() => Agent, { nullable: true }) keeper!: Relation<Agent> | null;
}
@Entity('device')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
class Device extends OwnRow {}
@ChildEntity()
class Phone extends Device {
  @Column(() => Details) details!: Details;
}
@ChildEntity()
class Lamp extends Device {
  @Column({ default: '' }) bulb!: string;
}

@Entity('paper')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
class Paper extends OwnRow {}
@ChildEntity()
class Letter extends Paper {
  @ForeignKey(() => Agent)
  @Column({ type: 'int', nullable: true })
  writerId!: number | null;
}
@ChildEntity()
class Poster extends Paper {
  @OneToOne(() => Agent, { nullable: true }) @JoinColumn() painter!: Relation<Agent> | null;
  @RelationId((poster: Poster) => poster.painter) painterId!: number | null;
}
@ChildEntity()
class Ticket extends Paper {
  @ManyToOne(() => Place, { nullable: true }) place!: Relation<Place> | null;
}

/** Two child entities call different things by one column; the database checks neither, or both. */
@Entity('note')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
class Note extends OwnRow {}
@ChildEntity()
class MachineNote extends Note {
  @Column({ type: 'int', nullable: true }) subjectId!: number | null;
  @ManyToOne(() => Machine, LOOSE) @JoinColumn({ name: 'subjectId' }) machine!: Relation<Machine> | null;
}
@ChildEntity()
class AgentNote extends Note {
  @Column({ type: 'int', nullable: true }) subjectId!: number | null;
  @ManyToOne(() => Agent, LOOSE) @JoinColumn({ name: 'subjectId' }) agent!: Relation<Agent> | null;
}

@Entity('label')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
class Label extends OwnRow {}
@ChildEntity()
class MachineLabel extends Label {
  @Column({ type: 'int', nullable: true }) subjectId!: number | null;
  @ManyToOne(() => Machine, { nullable: true })
  @JoinColumn({ name: 'subjectId', foreignKeyConstraintName: 'label_machine' })
  machine!: Relation<Machine> | null;
}
@ChildEntity()
class AgentLabel extends Label {
  @Column({ type: 'int', nullable: true }) subjectId!: number | null;
  @ManyToOne(() => Agent, { nullable: true })
  @JoinColumn({ name: 'subjectId', foreignKeyConstraintName: 'label_agent' })
  agent!: Relation<Agent> | null;
}

/** A column that only one class has, with a default that names another tenant's row. */
@Entity('gift')
@Unique(['organizationId', 'code'])
@TableInheritance(KIND)
@TenantScoped()
class Gift extends OwnRow {}
@ChildEntity()
class WrappedGift extends Gift {
  @Column({ type: 'int', nullable: true, default: 2 }) giverId!: number | null;
  @ManyToOne(() => Agent, { nullable: true }) giver!: Relation<Agent> | null;
}
@ChildEntity()
class PlainGift extends Gift {}

/** Two classes of one table, and one of a join table. */
@Entity('booking')
@Unique(['organizationId', 'code'])
@TenantScoped()
class Booking extends OwnRow {
  @Column({ type: 'int', nullable: true }) agentId!: number | null;
  @ManyToOne(() => Agent, { nullable: true }) agent!: Relation<Agent> | null;
}
@Entity('booking')
@Unique(['organizationId', 'code'])
@TenantScoped()
class BookingRow extends OwnRow {
  @Column({ type: 'int', nullable: true }) agentId!: number | null;
}
@Entity('team')
@TenantScoped()
class Team {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToMany(() => Agent) @JoinTable({ name: 'membership' }) agents!: Relation<Agent>[];
}
@Entity('membership')
@TenantScoped({ via: 'team' })
class Membership {
  @PrimaryColumn() teamId!: number;
  @PrimaryColumn() agentId!: number;
  @ManyToOne(() => Team) team!: Relation<Team>;
}

/** The classes of each table. */
const TABLES: readonly (readonly EntityTarget<ObjectLiteral>[])[] = [
  [Activity, Call, Memo],
  [Happening, Visit, LongVisit, ShortVisit, Fair],
  [Device, Phone, Lamp],
  [Paper, Letter, Poster, Ticket],
  [Note, MachineNote, AgentNote],
  [Label, MachineLabel, AgentLabel],
  [Gift, WrappedGift, PlainGift],
  [Booking, BookingRow],
  [Team, Membership],
];
const TARGETS = [Agent, Place, Machine];

/** The classes of a table, and those that they refer to. */
function entitiesWith(writer: EntityTarget<ObjectLiteral>): readonly unknown[] {
  return [...TARGETS, ...TABLES.find((classes) => classes.includes(writer))!];
}

/** Which class of a table names a row of {@link Agent}, by what, and in which column. */
interface Shape {
  readonly writer: EntityTarget<ObjectLiteral>;
  readonly values: (key: number) => ObjectLiteral;
  readonly column: string;
  /** Whether the class declares the property, so that `save` writes it. */
  readonly isSaved?: true;
  /** Whether TypeORM cannot write the column by `update`. */
  readonly isInsertOnly?: true;
}

const caller = (key: number): ObjectLiteral => ({ caller: { id: key } });
const host = (key: number): ObjectLiteral => ({ host: { id: key } });
const keeper = (key: number): ObjectLiteral => ({ details: { keeper: { id: key } } });
const shapes: Readonly<Record<string, Shape>> = {
  'a sibling of the class that declares the key': {
    writer: Memo,
    values: caller,
    column: 'callerId',
    isInsertOnly: true,
  },
  'a sibling that gives the key itself': {
    writer: Memo,
    values: (key) => ({ caller: key }),
    column: 'callerId',
    isInsertOnly: true,
  },
  'the class that declares the key': { writer: Call, values: caller, column: 'callerId', isSaved: true },
  'the base class': { writer: Activity, values: caller, column: 'callerId', isSaved: true },
  'an abstract base class': { writer: Happening, values: host, column: 'hostId', isSaved: true },
  'a class between the base and the one that declares the key': {
    writer: Visit,
    values: host,
    column: 'hostId',
    isSaved: true,
  },
  'a sibling on the second level': { writer: ShortVisit, values: host, column: 'hostId', isInsertOnly: true },
  'a sibling of the first level for a key of the second': {
    writer: Fair,
    values: host,
    column: 'hostId',
    isInsertOnly: true,
  },
  'a class with the key in an embedded object': { writer: Phone, values: keeper, column: 'detailsKeeperid' },
  'a sibling of a class with the key in an embedded object': {
    writer: Lamp,
    values: keeper,
    column: 'detailsKeeperid',
    isInsertOnly: true,
  },
  'the base of a class with the key in an embedded object': {
    writer: Device,
    values: keeper,
    column: 'detailsKeeperid',
    isSaved: true,
  },
  'the base of a class with @ForeignKey()': {
    writer: Paper,
    values: (writerId) => ({ writerId }),
    column: 'writerId',
    isSaved: true,
  },
  'a sibling of a one-to-one owner': {
    writer: Letter,
    values: (id) => ({ painter: { id } }),
    column: 'painterId',
    isInsertOnly: true,
  },
  'a sibling of a class whose key has two columns': {
    writer: Letter,
    values: (number) => ({ place: { room: 1, number } }),
    column: 'placeNumber',
    isInsertOnly: true,
  },
  'a class that shares a column': {
    writer: AgentNote,
    values: (subjectId) => ({ subjectId }),
    column: 'subjectId',
    isSaved: true,
  },
  'the base of two classes that share a column': {
    writer: Note,
    values: (subjectId) => ({ subjectId }),
    column: 'subjectId',
    isSaved: true,
  },
  'a class that shares a column with two constraints, by the key of the other one': {
    writer: MachineLabel,
    values: (subjectId) => ({ subjectId }),
    column: 'subjectId',
    isSaved: true,
  },
  'another class of the same table': {
    writer: BookingRow,
    values: (agentId) => ({ agentId }),
    column: 'agentId',
    isSaved: true,
  },
};

/** A key that is an own row's first, for enforcement, and then another tenant's. */
function turning({ dataSource }: Annex, values: (key: number) => ObjectLiteral): ObjectLiteral {
  let isRead = !Object.hasOwn(dataSource, 'createEntityManager');
  const leaf = (key: number): number => {
    if (key !== FOREIGN || isRead) return key;
    isRead = true;
    return OWN;
  };
  const turn = (value: ObjectLiteral): ObjectLiteral => {
    const copy: ObjectLiteral = {};
    for (const [name, part] of Object.entries(value) as [string, number | ObjectLiteral][]) {
      const get = (): unknown => (typeof part === 'number' ? leaf(part) : turn(part));
      Object.defineProperty(copy, name, { enumerable: true, get });
    }
    return copy;
  };
  return turn(values(FOREIGN));
}

/** Every way to write a row that names the agent of another tenant. */
function attemptsOf({ writer, values, isSaved, isInsertOnly }: Shape): Record<string, AnnexAttempt> {
  const row = (code: string): ObjectLiteral => ({ organizationId: 1, code });
  const made = async ({ repo }: Annex): Promise<ObjectLiteral> => {
    await repo(writer).insert(row('own'));
    return repo(writer).findOneByOrFail({ code: 'own' });
  };
  return {
    'is refused when it is inserted': ({ repo }) => repo(writer).insert({ ...row('a'), ...values(FOREIGN) }),
    'is refused when it is inserted behind a row with an own key': ({ repo }) =>
      repo(writer).insert([
        { ...row('a'), ...values(OWN) },
        { ...row('b'), ...values(FOREIGN) },
      ]),
    'is refused when it is inserted by a query builder': ({ dataSource }) =>
      dataSource
        .createQueryBuilder()
        .insert()
        .into(writer)
        .values({ ...row('a'), ...values(FOREIGN) })
        .execute(),
    'is refused when it is inserted as SQL': ({ repo }) =>
      repo(writer).insert({ ...row('a'), ...(asSql(values(FOREIGN)) as ObjectLiteral) }),
    'is refused when it turns into another one while it is inserted': (annex) =>
      annex
        .repo(writer)
        .insert(Object.defineProperties(row('a'), Object.getOwnPropertyDescriptors(turning(annex, values)))),
    'is refused when it is upserted': async (annex) => {
      await made(annex);
      return annex.repo(writer).upsert({ ...row('own'), ...values(FOREIGN) }, ['organizationId', 'code']);
    },
    'is refused when it is inserted in an unscoped section': ({ repo }) =>
      tenancy.unscoped('seeds', () => repo(writer).insert({ ...row('a'), ...values(FOREIGN) })),
    ...(!isInsertOnly && {
      'is refused when it is updated': async (annex) => {
        await made(annex);
        return annex.repo(writer).update({ code: 'own' }, values(FOREIGN));
      },
      'is refused when it is updated by a query builder': async (annex) => {
        await made(annex);
        return annex.repo(writer).createQueryBuilder().update().set(values(FOREIGN)).where({ code: 'own' }).execute();
      },
      'is refused when it turns into another one while it is updated': async (annex) => {
        await made(annex);
        return annex.repo(writer).update({ code: 'own' }, turning(annex, values));
      },
      'is refused when it is updated in an unscoped section': async (annex) => {
        await made(annex);
        return tenancy.unscoped('mends', () => annex.repo(writer).update({ code: 'own' }, values(FOREIGN)));
      },
    }),
    ...(isSaved && {
      'is refused when it is saved as a new row': ({ repo }) => repo(writer).save({ ...row('a'), ...values(FOREIGN) }),
      'is refused when it is saved into a row': async (annex) =>
        annex.repo(writer).save({ ...(await made(annex)), ...values(FOREIGN) }),
    }),
  };
}

function asSql(value: unknown): unknown {
  if (typeof value === 'number') return () => String(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, asSql(part)]));
}

const sow = async ({ repo }: Annex): Promise<void> => {
  for (const entity of [Agent, Machine]) {
    await repo(entity).insert([
      { id: OWN, organizationId: 1 },
      // Of machines the second one is Acme's too.
      { id: FOREIGN, organizationId: entity === Agent ? 2 : 1 },
    ]);
  }
  await repo(Place).insert([
    { room: 1, number: OWN, organizationId: 1 },
    { room: 1, number: FOREIGN, organizationId: 2 },
  ]);
};

/** How many rows of Acme name the row of Globex. */
async function crossings({ dataSource, repo }: Annex, entity: EntityTarget<ObjectLiteral>, column: string) {
  const escape = (name: string): string => dataSource.driver.escape(name);
  const { tablePath } = repo(entity).metadata;
  return dataSource.query(
    `SELECT ${escape(column)} FROM ${tablePath.split('.').map(escape).join('.')} WHERE ${escape(column)} = ${FOREIGN}`,
  );
}

for (const [name, shape] of Object.entries(shapes)) {
  attacks(
    `G-06 another tenant's key given by ${name}`,
    {
      entities: () => entitiesWith(shape.writer),
      acme,
      sow,
      globex: (annex) => crossings(annex, shape.writer, shape.column),
    },
    attemptsOf(shape),
  );
}

attacks(
  'G-06 a foreign key that a class does not name',
  {
    entities: () => entitiesWith(PlainGift),
    acme,
    sow,
    globex: (annex) => crossings(annex, PlainGift, 'giverId'),
  },
  {
    'is checked when the database gives its default': ({ repo }) =>
      repo(PlainGift).insert({ organizationId: 1, code: 'a' }),
  },
);

attacks(
  'G-06 an entity of a join table',
  {
    entities: () => entitiesWith(Membership),
    acme,
    sow: async (annex) => {
      await sow(annex);
      await annex.repo(Team).insert({ id: 1, organizationId: 1 });
    },
    globex: (annex) => crossings(annex, Membership, 'agentId'),
  },
  {
    'is refused with the key of another tenant when it is inserted': ({ repo }) =>
      repo(Membership).insert({ teamId: 1, agentId: FOREIGN }),
    'is refused with the key of another tenant when it is saved': ({ repo }) =>
      repo(Membership).save({ teamId: 1, agentId: FOREIGN }),
  },
);
