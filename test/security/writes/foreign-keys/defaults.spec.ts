import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
  Unique,
} from 'typeorm';
import { attacks } from '../../../support/annex.js';
import type { Annex } from '../../../support/annex.js';

declareScope({ organizationId: Number });

const acme = { organizationId: 1 };
/** The room of Globex. */
const FOREIGN = 9001;

@Entity()
@TenantScoped()
class Room {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) name!: string;
}

/** Its room is the database's business. */
@Entity()
@TenantScoped()
class Locker {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ForeignKey(() => Room)
  @Column({ default: FOREIGN, insert: false })
  roomId!: number;
}

@Entity()
@TenantScoped()
class Bench {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ForeignKey(() => Room)
  @Column({ default: FOREIGN })
  roomId!: number;
}

/** What is given is not what is kept. */
let handedOut: number[] = [];
/** The own one for the first caller: enforcement, where it is. */
const handOut = ({ dataSource }: Annex): void => {
  handedOut = Object.hasOwn(dataSource, 'createEntityManager') ? [1] : [];
};
@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ForeignKey(() => Room)
  @Column({
    type: Number,
    transformer: {
      to: (id?: number | null) => id ?? handedOut.shift() ?? FOREIGN,
      from: (id: number) => id,
    },
  })
  roomId!: number | null;
}

class Place {
  @Column({ type: Number, transformer: { to: (id?: number | null) => id ?? FOREIGN, from: (id: number) => id } })
  roomId!: number | null;
  @ManyToOne(() => Room) @JoinColumn({ name: 'roomId' }) room!: Relation<Room>;
}
/** Without a room it stands in the one that everybody knows. */
@Entity()
@TenantScoped()
class Lamp {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, transformer: { to: (id?: number | null) => id ?? FOREIGN, from: (id: number) => id } })
  roomId!: number | null;
  @ManyToOne(() => Room) @JoinColumn({ name: 'roomId' }) room!: Relation<Room> | null;
}
/** The name of its keeper is quoted as SQL wants it. */
@Entity()
@TenantScoped()
class Keeper {
  @PrimaryColumn({ length: 20 }) name!: string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Key {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Keeper)
  @Column({ length: 20, default: "O''Brien" })
  keeper!: string;
}
@Entity()
@TenantScoped()
class Chair {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column(() => Place) place!: Place;
}

attacks(
  'G-06 a key that the database chooses',
  {
    entities: () => [Room, Locker, Bench, Ticket, Chair, Lamp, Keeper, Key],
    acme,
    sow: async ({ repo }) => {
      await repo(Room).insert([
        { id: 1, organizationId: 1 },
        { id: FOREIGN, organizationId: 2 },
      ]);
      await repo(Bench).insert({ organizationId: 1, roomId: 1 });
      await repo(Chair).insert({ organizationId: 1, place: { roomId: 1 } });
      await repo(Ticket).insert({ organizationId: 1, roomId: 1 });
      await repo(Lamp).insert({ organizationId: 1, roomId: 1 });
      await repo(Keeper).insert([
        { name: "O''Brien", organizationId: 1 },
        { name: "O'Brien", organizationId: 2 },
      ]);
    },
    globex: async ({ repo }) => [
      await repo(Locker).findBy({ roomId: FOREIGN }),
      await repo(Bench).findBy({ roomId: FOREIGN }),
      await repo(Ticket).findBy({ roomId: FOREIGN }),
      await repo(Chair).findBy({ place: { roomId: FOREIGN } }),
      await repo(Lamp).findBy({ roomId: FOREIGN }),
      await repo(Key).findBy({ keeper: "O'Brien" }),
    ],
  },
  {
    'is checked when the column is not inserted and a value was given': ({ repo }) =>
      repo(Locker).insert({ organizationId: 1, roomId: 1 }),
    'is checked when the column is not inserted and a value was saved': ({ repo }) =>
      repo(Locker).save({ organizationId: 1, roomId: 1 }),
    'is checked when other columns are inserted than were given': ({ repo }) =>
      repo(Bench)
        .createQueryBuilder()
        .insert()
        .into(Bench, ['organizationId', 'text'])
        .values({ organizationId: 1, text: 'x', roomId: 1 })
        .execute(),
    'is checked as it is written when a transformer hands out another one each time': (annex) => {
      handOut(annex);
      return annex.repo(Ticket).insert({ organizationId: 1 });
    },
    'is checked as it is written when an update makes a transformer hand out another one': (annex) => {
      handOut(annex);
      return annex.repo(Ticket).update({ organizationId: 1 }, { roomId: null });
    },
    'is checked when an embedded one is named by its path': ({ repo }) =>
      repo(Chair).update({ organizationId: 1 }, { 'place.roomId': 1 } as never),
    'is checked when a transformer makes it of a relation that is updated to nothing': ({ repo }) =>
      repo(Lamp).update({ organizationId: 1 }, { room: null }),
    'is checked when a transformer makes it of a relation that is set to nothing': async ({ repo, dataSource }) => {
      const [lamp] = await repo(Lamp).findBy({ organizationId: 1 });
      return dataSource.createQueryBuilder().relation(Lamp, 'room').of(lamp).set(null);
    },
    'is checked when a transformer makes it of a relation that is saved as nothing': async ({ repo }) => {
      const lamp = await repo(Lamp).findOneOrFail({ where: { organizationId: 1 }, relations: { room: true } });
      lamp.room = null;
      return repo(Lamp).save(lamp);
    },
    'is checked when a transformer makes it of a relation that is inserted as nothing': ({ repo }) =>
      repo(Lamp).insert({ organizationId: 1, room: null }),
    'is checked when a transformer makes it of a relation that is updated to a bare key': ({ repo }) =>
      repo(Lamp).update({ organizationId: 1 }, { room: 1 as never }),
    'is checked when a transformer makes it of a row without a key': ({ repo }) =>
      repo(Lamp).insert({ organizationId: 1, room: { name: 'x' } }),
    'is checked when a default is quoted': ({ repo }) => repo(Key).insert({ organizationId: 1 }),
    'is checked when an embedded object is inserted without it': ({ repo }) =>
      repo(Chair).insert({ organizationId: 1, place: {} }),
    'is checked when an embedded object is updated to nothing': ({ repo }) =>
      repo(Chair).update({ organizationId: 1 }, { place: { roomId: null } }),
  },
);

/** Belongs to whom its room belongs to. */
@Entity()
@TenantScoped({ via: 'room' })
class Plant {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ default: '' }) text!: string;
  @Column({ default: FOREIGN }) roomId!: number;
  @ManyToOne(() => Room, { nullable: false }) @JoinColumn({ name: 'roomId' }) room!: Relation<Room>;
}
/** The database would give its rows to Globex. */
@Entity()
@TenantScoped()
@Unique('setting_name', ['organizationId', 'name'])
class Setting {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ default: 2, insert: false, update: false }) organizationId!: number;
  @Column({ length: 20 }) name!: string;
  @Column({ default: '' }) value!: string;
}

attacks(
  'G-06 a tenant that the database chooses',
  {
    entities: () => [Room, Plant, Setting],
    acme,
    sow: async ({ repo }) => {
      await repo(Room).insert([
        { id: 1, organizationId: 1 },
        { id: FOREIGN, organizationId: 2 },
      ]);
      await repo(Setting).insert({ organizationId: 2, name: 'colour', value: 'red' });
    },
    globex: async ({ repo }) => [
      await repo(Plant).findBy({ roomId: FOREIGN }),
      await repo(Setting).findBy({ organizationId: 2 }),
    ],
  },
  {
    'is the own one when a parent is not among the columns that are inserted': ({ repo }) =>
      repo(Plant).createQueryBuilder().insert().into(Plant, ['text']).values({ text: 'x', roomId: 1 }).execute(),
    'is the own one when its column is not inserted': ({ repo }) => repo(Setting).insert({ name: 'size' }),
    'is the own one when its column is not inserted and the row is saved': ({ repo }) =>
      repo(Setting).save({ name: 'size' }),
    'is the own one when other columns are inserted': ({ repo }) =>
      repo(Setting).createQueryBuilder().insert().into(Setting, ['name']).values({ name: 'size' }).execute(),
    'is the own one when its column is not inserted and the row is there': ({ repo }) =>
      repo(Setting).upsert({ name: 'colour', value: 'blue' }, ['organizationId', 'name']),
    'is the own one when a constraint is named that the row meets': {
      attempt: ({ repo }) =>
        repo(Setting)
          .createQueryBuilder()
          .insert()
          .values({ name: 'colour', value: 'blue' })
          .orUpdate(['value'], 'setting_name')
          .execute(),
      not: { sqljs: 'it takes columns only', mariadb: 'it takes no name' },
    },
  },
);

/** Rooms by building and number. */
@Entity()
@TenantScoped()
class Suite {
  @PrimaryColumn() building!: number;
  @PrimaryColumn() number!: number;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Lease {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() building!: number;
  @Column({ update: false }) number!: number;
  @ManyToOne(() => Suite)
  @JoinColumn([
    { name: 'building', referencedColumnName: 'building' },
    { name: 'number', referencedColumnName: 'number' },
  ])
  suite!: Relation<Suite>;
}
/** What is written over is less than what is inserted. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'code'])
class Contract {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) code!: string;
  @Column() building!: number;
  @Column() number!: number;
  @ManyToOne(() => Suite)
  @JoinColumn([
    { name: 'building', referencedColumnName: 'building' },
    { name: 'number', referencedColumnName: 'number' },
  ])
  suite!: Relation<Suite>;
}
/** Its number is the first one, whatever is said. */
@Entity()
@TenantScoped()
class FirstLease {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() building!: number;
  @Column({ insert: false, default: 5 }) number!: number;
  @ManyToOne(() => Suite)
  @JoinColumn([
    { name: 'building', referencedColumnName: 'building' },
    { name: 'number', referencedColumnName: 'number' },
  ])
  suite!: Relation<Suite>;
}

attacks(
  'G-06 a key of two columns of which one is not written',
  {
    entities: () => [Suite, Lease, FirstLease, Contract],
    acme,
    sow: async ({ repo }) => {
      await repo(Suite).insert([
        { building: 1, number: 5, organizationId: 1 },
        { building: 2, number: 1, organizationId: 1 },
        { building: 2, number: 5, organizationId: 2 },
      ]);
      await repo(Lease).insert({ organizationId: 1, building: 1, number: 5 });
      await repo(Contract).insert({ organizationId: 1, code: 'c', building: 1, number: 5 });
    },
    globex: async ({ repo }) => [
      await repo(Lease).findBy({ building: 2, number: 5 }),
      await repo(FirstLease).findBy({ building: 2, number: 5 }),
      await repo(Contract).findBy({ building: 2, number: 5 }),
    ],
  },
  {
    'is checked as it will stand in an update by columns': ({ repo }) =>
      repo(Lease).update({ organizationId: 1 }, { building: 2, number: 1 }),
    'is checked as it will stand in an update by the row': ({ repo }) =>
      repo(Lease).update({ organizationId: 1 }, { suite: { building: 2, number: 1 } }),
    'is checked as it will stand in a save': async ({ repo }) => {
      const [lease] = await repo(Lease).findBy({ organizationId: 1 });
      return repo(Lease).save({ ...lease, building: 2, number: 1 });
    },
    'is checked as it will stand in a save of a related row': async ({ repo }) => {
      const lease = await repo(Lease).findOneOrFail({ where: { organizationId: 1 }, relations: { suite: true } });
      lease.suite = await repo(Suite).findOneByOrFail({ building: 2, number: 1 });
      return repo(Lease).save(lease);
    },
    'is checked as it will stand in a relation that is set': async ({ repo, dataSource }) => {
      const [lease] = await repo(Lease).findBy({ organizationId: 1 });
      return dataSource.createQueryBuilder().relation(Lease, 'suite').of(lease).set({ building: 2, number: 1 });
    },
    'is checked as it will stand in a row that an upsert writes over in part': ({ repo }) =>
      repo(Contract)
        .createQueryBuilder()
        .insert()
        .values({ organizationId: 1, code: 'c', building: 2, number: 1 })
        .orUpdate(['building'], ['organizationId', 'code'])
        .execute(),
    'is checked as it will stand when a part is incremented': ({ repo }) =>
      repo(Contract).increment({ code: 'c' }, 'building', 1),
    'is checked as it will stand in an insert': ({ repo }) =>
      repo(FirstLease).insert({ organizationId: 1, building: 2, number: 1 }),
  },
);

/** Kinds belong to tenants; which one an animal is says its class. */
@Entity()
@TenantScoped()
class Kind {
  @PrimaryColumn({ length: 20 }) name!: string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
@TableInheritance({ column: 'kindName' })
class Animal {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Kind)
  @Column({ length: 20 })
  kindName!: string;
  @Column({ default: '' }) text!: string;
}
@ChildEntity('cat')
class Cat extends Animal {
  @ForeignKey(() => Room)
  @Column({ type: Number, nullable: true })
  basketId!: number | null;
  @ManyToOne(() => Room, { nullable: true }) room!: Relation<Room> | null;
}
@ChildEntity('dog')
class Dog extends Animal {
  @Column({ nullable: true }) bark!: string;
}

attacks(
  'G-06 a key in a table of several entities',
  {
    entities: () => [Room, Kind, Animal, Cat, Dog],
    acme,
    sow: async ({ repo }) => {
      await repo(Kind).insert([
        { name: 'dog', organizationId: 2 },
        { name: 'cat', organizationId: 1 },
      ]);
      await repo(Room).insert([
        { id: 1, organizationId: 1 },
        { id: FOREIGN, organizationId: 2 },
      ]);
      await repo(Cat).insert({ organizationId: 1, text: 'own cat' });
    },
    globex: async ({ repo }) => [
      await repo(Animal).findBy({ kindName: 'dog' }),
      await repo(Cat).findBy({ basketId: FOREIGN }),
      await repo(Cat).find({ where: { room: { id: FOREIGN } } }),
    ],
  },
  {
    'is checked when it says of which entity the row is': ({ repo }) => repo(Dog).insert({ organizationId: 1 }),
    'is checked when it says of which entity the saved row is': ({ repo }) =>
      repo(Dog).save(repo(Dog).create({ organizationId: 1, text: 'x' })),
    'is checked when it says of which entity the row is and another one was given': ({ repo }) =>
      repo(Dog).insert({ organizationId: 1, kindName: 'cat' }),
    'is checked when it is a child’s and the child is inserted': ({ repo }) =>
      repo(Cat).insert({ organizationId: 1, basketId: FOREIGN }),
    'is checked when it is a child’s and the child is updated': ({ repo }) =>
      repo(Cat).update({ organizationId: 1 }, { basketId: FOREIGN }),
    'is checked when it is a child’s and the parent is updated': ({ repo }) =>
      repo(Animal).update({ organizationId: 1 }, { basketId: FOREIGN } as never),
    'is checked when it is a relation of a child and the parent is updated': ({ repo }) =>
      repo(Animal).update({ organizationId: 1 }, { room: { id: FOREIGN } } as never),
    'is checked when a child is saved by its parent’s repository': async ({ repo }) => {
      const cat = (await repo(Animal).findOneByOrFail({ organizationId: 1 })) as Cat;
      cat.basketId = FOREIGN;
      return repo(Animal).save(cat);
    },
    'is checked when a child’s relation is saved by its parent’s repository': async ({ repo }) => {
      const cat = (await repo(Animal).findOneByOrFail({ organizationId: 1 })) as Cat;
      cat.room = { id: FOREIGN } as Room;
      return repo(Animal).save(cat);
    },
  },
);
