import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
  ChildEntity,
  Unique,
} from 'typeorm';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { TestDatabase } from '../../support/databases.js';
import { detach } from '../../support/detach.js';
import { startAfresh } from '../../support/empty-tables.js';
import { tenancy } from '../../support/annex.js';

declareScope({ organizationId: Number });

const LOOSE = { createForeignKeyConstraints: false } as const;
const prefixed = { to: (shown?: string) => shown?.replace('key_', ''), from: (kept?: string) => kept && `key_${kept}` };

@Entity()
@TenantScoped()
class Step {
  @PrimaryColumn({ length: 20 }) key!: string;
  @Column() organizationId!: number;
  @ManyToOne(() => Step, (step) => step.next, { nullable: true }) before!: Relation<Step> | null;
  @OneToMany(() => Step, (step) => step.before, { cascade: true }) next!: Step[];
}
@Entity()
@TenantScoped()
class Suite {
  @PrimaryColumn() building!: number;
  @PrimaryColumn() number!: number;
  @Column() organizationId!: number;
}
/** One part of the key is a property, the other one is not. */
@Entity()
@TenantScoped()
class Lease {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ type: Number, nullable: true }) building!: number | null;
  @ManyToOne(() => Suite, { nullable: true })
  @JoinColumn([
    { name: 'building', referencedColumnName: 'building' },
    { name: 'suiteNumber', referencedColumnName: 'number' },
  ])
  suite!: Relation<Suite> | null;
}
@Entity()
@TenantScoped()
class Rental {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() building!: number;
  @Column() number!: number;
  @ManyToOne(() => Suite)
  @JoinColumn([
    { name: 'building', referencedColumnName: 'building' },
    { name: 'number', referencedColumnName: 'number' },
  ])
  suite!: Relation<Suite>;
}
class RoomKey {
  constructor(readonly value: number) {}
}
@Entity()
@TenantScoped()
class Room {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Booking {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Room)
  @Column({
    type: Number,
    transformer: { to: (key?: RoomKey) => key?.value, from: (value: number) => new RoomKey(value) },
  })
  room!: RoomKey;
}
@Entity()
@TenantScoped()
class Article {
  @PrimaryColumn({ length: 20, transformer: prefixed }) key!: string;
  @Column() organizationId!: number;
  @ManyToOne(() => Step, { nullable: true }) main!: Relation<Step> | null;
}
@Entity()
@TenantScoped()
@Unique(['organizationId', 'code'])
class Product {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) code!: string;
}
@Entity()
@TenantScoped()
class Price {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 20 }) productCode!: string;
  @ManyToOne(() => Product, LOOSE)
  @JoinColumn({ name: 'productCode', referencedColumnName: 'code' })
  product!: Relation<Product>;
}
@Entity()
@TenantScoped()
class Keeper {
  @PrimaryColumn({ length: 20 }) name!: string;
  @Column() organizationId!: number;
}
@Entity()
@TenantScoped()
class Lock {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ForeignKey(() => Keeper)
  @Column({ length: 20, default: "O''Brien" })
  keeper!: string;
}
/** Never changed, but sent along. */
@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ForeignKey(() => Room)
  @Column({ update: false })
  roomId!: number;
}
@Entity()
@TenantScoped()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Animal {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Animal, { nullable: true }) mother!: Relation<Animal> | null;
}
@ChildEntity('cat')
class Cat extends Animal {}

const ENTITIES = [
  Rental,
  Step,
  Suite,
  Lease,
  Room,
  Booking,
  Article,
  Product,
  Price,
  Keeper,
  Lock,
  Ticket,
  Animal,
  Cat,
];

const ordinary: Record<string, (dataSource: DataSource) => Promise<unknown>> = {
  'rows of one statement refer to each other': async (dataSource) => {
    const repository = dataSource.getRepository(Step);
    await repository.insert([
      { key: 'a', organizationId: 1 },
      { key: 'b', organizationId: 1, before: { key: 'a' } },
    ]);
    return repository.find({ relations: { before: true }, order: { key: 'ASC' } });
  },
  'rows that are saved together refer to each other': async (dataSource) => {
    const repository = dataSource.getRepository(Step);
    const first = repository.create({ key: 'a', organizationId: 1 });
    await repository.save([first, repository.create({ key: 'b', organizationId: 1, before: first })]);
    return repository.find({ relations: { before: true }, order: { key: 'ASC' } });
  },
  'rows that a cascade saves refer to each other': async (dataSource) => {
    const repository = dataSource.getRepository(Step);
    await repository.save(
      repository.create({
        key: 'a',
        organizationId: 1,
        next: [{ key: 'b', organizationId: 1, next: [{ key: 'c', organizationId: 1 }] }],
      }),
    );
    return repository.find({ relations: { before: true }, order: { key: 'ASC' } });
  },
  'a row refers to itself': async (dataSource) => {
    const repository = dataSource.getRepository(Step);
    await repository.insert({ key: 'a', organizationId: 1, before: { key: 'a' } });
    return repository.find({ relations: { before: true } });
  },
  'a key is a property in one part only': async (dataSource) => {
    await dataSource.getRepository(Suite).insert([{ building: 2, number: 5, organizationId: 1 }]);
    const repository = dataSource.getRepository(Lease);
    await repository.insert({ organizationId: 1, suite: { building: 2, number: 5 } });
    await repository.save({ organizationId: 1, suite: { building: 2, number: 5 } });
    await repository.update({ id: 1 }, { suite: { building: 2, number: 5 } });
    return repository.find({ relations: { suite: true }, order: { id: 'ASC' } });
  },
  'a key is an object that a transformer makes a value of': async (dataSource) => {
    await dataSource.getRepository(Room).insert([{ id: 7, organizationId: 1 }]);
    const repository = dataSource.getRepository(Booking);
    await repository.insert({ organizationId: 1, room: new RoomKey(7) });
    await repository.save({ organizationId: 1, room: new RoomKey(7) });
    await repository.update({ id: 1 }, { room: new RoomKey(7) });
    return repository.find({ order: { id: 'ASC' } });
  },
  'a relation is set of a row whose key has a transformer': async (dataSource) => {
    await dataSource.getRepository(Step).insert({ key: 'a', organizationId: 1 });
    await dataSource.getRepository(Article).insert({ key: 'key_a', organizationId: 1 });
    await dataSource.createQueryBuilder().relation(Article, 'main').of({ key: 'key_a' }).set('a');
    return dataSource.getRepository(Article).find({ relations: { main: true } });
  },
  'a default with a quote is a key': async (dataSource) => {
    await dataSource.getRepository(Keeper).insert({ name: "O'Brien", organizationId: 1 });
    await dataSource.getRepository(Lock).insert({ organizationId: 1 });
    return dataSource.getRepository(Lock).find();
  },
  'a row of one entity of a table refers to one of another': async (dataSource) => {
    const cat = await dataSource.getRepository(Cat).save({ organizationId: 1 });
    await dataSource.getRepository(Animal).insert({ organizationId: 1, mother: cat });
    await dataSource.getRepository(Cat).update({ id: cat.id }, { mother: cat });
    return dataSource.getRepository(Animal).find({ relations: { mother: true }, order: { id: 'ASC' } });
  },
};

describe.each(databasesToTest())('ordinary writes on %s are written as without enforcement when', (kind) => {
  const open: { readonly database: TestDatabase; readonly dataSource: DataSource }[] = [];
  beforeAll(async () => {
    for (const enforced of [true, false]) {
      const database = await createDatabase(kind);
      const dataSource = await new DataSource({
        ...database.options,
        entities: ENTITIES,
        synchronize: true,
      }).initialize();
      if (!enforced) detach(dataSource);
      open.push({ database, dataSource });
    }
  });
  afterAll(async () => {
    for (const { dataSource, database } of open) {
      await dataSource.destroy();
      await database.drop();
    }
  });

  const outcome = async (
    dataSource: DataSource,
    write: (dataSource: DataSource) => Promise<unknown>,
  ): Promise<string> => {
    await tenancy.unscoped('starts afresh', () => startAfresh(dataSource));
    return tenancy.run({ organizationId: 1 }, () =>
      write(dataSource).then(
        (rows) => JSON.stringify(rows),
        (error: Error) => `${error.name}: ${error.message}`,
      ),
    );
  };

  it.each(Object.entries(ordinary))('%s', async (_, write) => {
    expect(await outcome(open[0].dataSource, write)).toBe(await outcome(open[1].dataSource, write));
  });

  it('a code names the row of the own tenant in a section over all of them', async () => {
    const { dataSource } = open[0];
    await tenancy.unscoped('starts afresh', async () => {
      await startAfresh(dataSource);
      await dataSource.getRepository(Product).insert([
        { organizationId: 1, code: 'A' },
        { organizationId: 2, code: 'A' },
      ]);
      await dataSource.getRepository(Price).insert([{ organizationId: 1, productCode: 'A' }]);
      await dataSource.getRepository(Price).insert([{ organizationId: 2, productCode: 'A' }]);
    });
    expect(await tenancy.unscoped('counts', () => dataSource.getRepository(Price).count())).toBe(2);
  });

  it('a key is sent along with an update that leaves it alone', async () => {
    const { dataSource } = open[0];
    await tenancy.unscoped('starts afresh', async () => {
      await startAfresh(dataSource);
      await dataSource.getRepository(Room).insert([{ id: 1, organizationId: 1 }]);
    });
    await tenancy.run({ organizationId: 1 }, async () => {
      await dataSource.getRepository(Ticket).insert({ organizationId: 1, roomId: 1 });
      await dataSource.getRepository(Ticket).update({ id: 1 }, { roomId: 77, text: 'x' });
    });
    expect(await tenancy.unscoped('reads', () => dataSource.getRepository(Ticket).find())).toEqual([
      { id: 1, organizationId: 1, roomId: 1, text: 'x' },
    ]);
  });
});
