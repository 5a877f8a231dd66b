import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  AfterLoad,
  ChildEntity,
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToOne,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  EventSubscriber,
  type EntitySubscriberInterface,
  type EntityTarget,
  type ObjectLiteral,
  type Relation,
  TableInheritance,
  VersionColumn,
  VirtualColumn,
} from 'typeorm';
import { Selection } from '../../../../lib/crud/listing/selection/selection.js';
import { CompiledSelect } from '../../../../lib/orm/compiled-select.js';
import { createDatabase, databasesToTest } from '../../../support/databases.js';
import type { TestDatabase } from '../../../support/databases.js';

const heard: string[] = [];

class Street {
  @Column({ name: 'st', nullable: true }) name!: string;
  @Column({ type: Number, nullable: true }) number!: number | null;
}

class Address {
  @Column({ nullable: true }) city!: string;
  @Column(() => Street) street!: Street;
  country = 'nowhere';

  get line(): string {
    return `${this.street.name}, ${this.city}`;
  }
}

@Entity()
@TenantScoped()
class Person {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ type: String, nullable: true, select: false }) secret!: string | null;
  @DeleteDateColumn() deletedAt!: Date | null;

  @AfterLoad()
  greet(): void {
    heard.push(`person ${this.name}`);
  }
}

@Entity()
@TenantScoped()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Shape {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column(() => Address) address!: Address;
  @Column({ type: 'boolean', default: true }) done!: boolean;
  @Column({ type: 'bigint', default: 9007199254740993n.toString() }) big!: string;
  @Column({ type: Date }) at!: Date;
  @Column({ type: 'date' }) day!: string;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column({ type: 'simple-array', nullable: true }) words!: string[] | null;
  @Column({
    type: 'int',
    nullable: true,
    transformer: { to: (n: number | null) => n && n * 100, from: (n: number | null) => (n === null ? -1 : n / 100) },
  })
  euros!: number;
  @VersionColumn() version!: number;
  @Column({ type: Number, nullable: true }) ownerId!: number | null;
  @ManyToOne(() => Person) owner!: Relation<Person> | null;
  @ManyToOne(() => Person) maker!: Relation<Person> | null;
  @VirtualColumn({ query: (alias) => `SELECT ${alias}.id + 1` })
  following!: number;
  initial = 'given by the class';
}

@ChildEntity('round')
class Circle extends Shape {
  @Column({ type: 'float', nullable: true }) radius!: number | null;
}

@ChildEntity('edged')
class Polygon extends Shape {
  @Column({ type: Number, nullable: true }) corners!: number | null;
}

@Entity()
@TenantScoped()
class Badge {
  @PrimaryColumn() personId!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @OneToOne(() => Person) @JoinColumn() person!: Relation<Person>;
}

@EventSubscriber()
class Ear implements EntitySubscriberInterface {
  afterLoad(entity: object): void {
    heard.push(`subscriber ${entity.constructor.name}`);
  }
}

declareScope({ organizationId: Number });
const tenancy = new Tenancy();
const OURS = { organizationId: 1 };

describe.each(databasesToTest())('what a select reads, on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [Person, Shape, Circle, Polygon, Badge],
      subscribers: [Ear],
      synchronize: true,
    }).initialize();
    const at = new Date('2026-02-03T04:05:06.000Z');
    await tenancy.unscoped('rows of two tenants', async () => {
      for (const [organizationId, name] of [
        [1, 'ann'],
        [2, 'bob'],
      ] as const) {
        await dataSource.getRepository(Person).insert({ organizationId, name, secret: 'secret' });
      }
      await dataSource.getRepository(Person).insert({ organizationId: 1, name: 'gone', deletedAt: at });
      const shape = { organizationId: 1, at, day: '2026-02-03', address: { city: 'Bonn', street: { name: 'Weg' } } };
      await dataSource.getRepository(Shape).insert({ ...shape, ownerId: 1, maker: { id: 1 } });
      await dataSource.getRepository(Circle).insert({ ...shape, radius: 1.5, done: false, euros: 3 });
      await dataSource
        .getRepository(Polygon)
        .insert({ ...shape, corners: 4, ownerId: 3, meta: { a: [1, null] }, words: ['a', 'b'], address: {} });
      await dataSource.getRepository(Shape).insert({ ...shape, organizationId: 2 });
      const escape = (name: string): string => dataSource.driver.escape(name);
      await dataSource.query(`UPDATE ${escape('shape')} SET ${escape('ownerId')} = 2 WHERE id = 2`);
      await dataSource.getRepository(Badge).insert({ personId: 1, organizationId: 1, text: 'first' });
    });
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const read = async <T extends ObjectLiteral>(
    entity: EntityTarget<T>,
    include: string[] = [],
    fields?: string[],
  ): Promise<T[]> => {
    const metadata = dataSource.getMetadata(entity);
    const selection = new Selection<T>({ dataSource, metadata, include, fields });
    const statement = new CompiledSelect({
      dataSource,
      build: () => {
        const select = dataSource.createQueryBuilder(entity, 'item').orderBy('item.organizationId');
        selection.apply(select, 'item');
        return select;
      },
    });
    return tenancy.run(OURS, async () => selection.entities(await statement.run({})));
  };
  const stock = <T extends ObjectLiteral>(entity: EntityTarget<T>, relations: string[] = []): Promise<T[]> =>
    tenancy.run(OURS, () => {
      const select = dataSource.createQueryBuilder(entity, 'item').orderBy('item.organizationId');
      for (const relation of relations) select.leftJoinAndSelect(`item.${relation}`, relation);
      return select.getMany();
    });
  const byId = <T>(rows: T[]): T[] => rows.sort((a, b) => (a as { id: number }).id - (b as { id: number }).id);

  it.each([
    ['without relations', []],
    ['with two relations to the same entity', ['owner', 'maker']],
  ])('its rows become the entities that TypeORM makes, %s', async (_, relations) => {
    const entities = byId(await read(Shape, relations));
    expect(entities).toStrictEqual(byId(await stock(Shape, relations)));
    expect(entities.map((entity) => entity.constructor)).toEqual([Shape, Circle, Polygon]);
    expect(entities.map((entity) => JSON.stringify(entity))).toEqual(
      byId(await stock(Shape, relations)).map((entity) => JSON.stringify(entity)),
    );
    expect(entities[0].address.line).toBe('Weg, Bonn');
  });

  it('a relation to a row of another tenant, or to a deleted one, is null, and the own row stays', async () => {
    const entities = byId(await read(Shape, ['owner']));
    expect(entities.map(({ owner }) => owner?.name ?? null)).toEqual(['ann', null, null]);
    expect(entities.map(({ ownerId }) => ownerId)).toEqual([1, 2, 3]);
  });

  it('a relation that is null because its row is out of sight keeps its key when the entity is saved', async () => {
    const [circle] = await read(Circle, ['owner']);
    circle.done = true;
    await tenancy.run(OURS, () => dataSource.manager.save(circle));
    const [saved] = await read(Circle);
    expect(saved.ownerId).toBe(2);
    expect(saved.done).toBe(true);
  });

  it('listeners and subscribers hear of rows and of what is included', async () => {
    heard.length = 0;
    await read(Badge, ['person']);
    const own = [...heard];
    heard.length = 0;
    await stock(Badge, ['person']);
    expect(own).toEqual(heard);
    expect(own).toEqual(expect.arrayContaining(['person ann', 'subscriber Person', 'subscriber Badge']));
  });

  it('hidden columns are not read', async () => {
    const [person] = await read(Person);
    expect(person.secret).toBeUndefined();
  });

  it('with fields named, only those and the key are read', async () => {
    const [polygon] = await read(Polygon, [], ['day']);
    const given = Object.entries(polygon).filter(([, value]) => value !== undefined);
    expect(given.map(([property]) => property).sort()).toEqual(['day', 'id', 'initial']);
  });
});
