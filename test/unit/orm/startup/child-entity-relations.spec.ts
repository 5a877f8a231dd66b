import { describe, expect, it } from '@jest/globals';
import { TenantShared } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { DataSource, Relation } from 'typeorm';
import { unconnected } from '../../../support/unconnected.js';

@Entity()
@TenantShared('a test')
class City {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Activity) activity!: Relation<Activity>;
}
class Place {
  @ManyToOne(() => City) city!: Relation<City>;
  @OneToOne(() => City) @JoinColumn({ name: 'capital' }) capital!: Relation<City>;
  @OneToMany(() => City, (city) => city.activity) cities!: Relation<City[]>;
}
class Route {
  @Column(() => Place) end!: Place;
}
class Room {
  @ManyToOne(() => City) town!: Relation<City>;
}
@Entity()
@TenantShared('a test')
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Activity {
  @PrimaryGeneratedColumn() id!: number;
  @Column(() => Place) place!: Place;
  @ManyToOne(() => City) home!: Relation<City>;
}
@ChildEntity()
class Call extends Activity {
  @Column(() => Place, { prefix: 'from' }) where!: Place;
  @Column(() => Route, { prefix: 'first' }) route!: Route;
}
@ChildEntity()
class Visit extends Activity {
  @Column(() => Place, { prefix: 'at' }) where!: Place;
  @Column(() => Route, { prefix: 'second' }) route!: Route;
}
/** TypeORM keeps one of two objects that have one name and one prefix. */
@ChildEntity()
class Meeting extends Activity {
  @Column(() => Room, { prefix: 'at' }) where!: Room;
}

const open = (): Promise<DataSource> => unconnected('postgres', [City, Activity, Call, Visit, Meeting]);
const join = (dataSource: DataSource, entity: new () => Activity, path: string): string =>
  dataSource.manager.createQueryBuilder(entity, 'one').leftJoin(`one.${path}`, 'city').getQuery();

describe('a child entity', () => {
  it.each<[new () => Activity, string, string]>([
    [Call, 'home', 'homeId'],
    [Call, 'place.city', 'placeCityid'],
    [Visit, 'place.capital', 'placeCapital'],
    [Visit, 'where.city', 'atCityid'],
    [Visit, 'where.capital', 'atCapital'],
    [Visit, 'route.end.city', 'secondEndCityid'],
  ])('%p joins %s by its own column %s', async (entity, path, column) => {
    expect(join(await open(), entity, path)).toContain(`"city"."id"="one"."${column}"`);
  });

  it('joins what refers to it from an embedded object', async () => {
    expect(join(await open(), Call, 'place.cities')).toContain('"city"."activityId"="one"."id"');
  });

  it('has no columns for what TypeORM has left out', async () => {
    const [where] = (await open()).getMetadata(Meeting).relations.filter(({ propertyName }) => propertyName === 'town');
    expect(where.joinColumns).toEqual([]);
  });

  it.each<[new () => Activity, object, string]>([
    [Call, { home: { id: 1 } }, 'homeId'],
    [Call, { where: { city: { id: 1 } } }, 'fromCityid'],
    [Visit, { where: { city: { id: 1 } } }, 'atCityid'],
    [Call, { route: { end: { capital: { id: 1 } } } }, 'firstEndCapital'],
    [Visit, { route: { end: { capital: { id: 1 } } } }, 'secondEndCapital'],
  ])('%p is updated with %j in its own column %s', async (entity, values, column) => {
    const update = (await open()).createQueryBuilder().update(entity).set(values);
    expect(update.getQuery()).toMatch(new RegExp(`SET "${column}" = \\S+ WHERE`));
  });

  it('knows which of its relations have columns', async () => {
    const { relationsWithJoinColumns } = (await open()).getMetadata(Visit);
    expect(relationsWithJoinColumns.map(({ propertyPath }) => propertyPath).sort()).toEqual([
      'home',
      'place.capital',
      'place.city',
      'route.end.capital',
      'route.end.city',
      'where.capital',
      'where.city',
    ]);
  });
});
