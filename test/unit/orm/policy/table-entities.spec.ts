import { describe, expect, it } from '@jest/globals';
import { ChildEntity, Column, Entity, EntitySchema, PrimaryGeneratedColumn, TableInheritance } from 'typeorm';
import { columnAlike, entitiesOfTable, isRowOf } from '../../../../lib/orm/policy/table-entities.js';
import { unconnected } from '../../../support/unconnected.js';

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Activity {
  @PrimaryGeneratedColumn() id!: number;
  @Column() title!: string;
}
@ChildEntity()
class Call extends Activity {
  @Column() minutes!: number;
}
@ChildEntity()
class VideoCall extends Call {
  @Column() resolution!: number;
}
@ChildEntity()
class Memo extends Activity {
  @Column() text!: string;
}
/** Another class over the same table. */
@Entity('activity')
class Entry {
  @PrimaryGeneratedColumn() id!: number;
}
@Entity()
class Agent {
  @PrimaryGeneratedColumn() id!: number;
}

const ENTITIES = [Activity, Call, VideoCall, Memo, Entry, Agent] as const;

describe('the entities of a table', () => {
  it('are those of its inheritance, and other classes over it', async () => {
    const dataSource = await unconnected('sqljs', [...ENTITIES]);
    const namesOf = (entity: (typeof ENTITIES)[number]) =>
      entitiesOfTable(dataSource.getMetadata(entity))
        .map(({ name }) => name)
        .sort();
    expect(namesOf(Memo)).toEqual(['Activity', 'Call', 'Entry', 'Memo', 'VideoCall']);
    expect(namesOf(Entry)).toEqual(['Activity', 'Call', 'Entry', 'Memo', 'VideoCall']);
    expect(namesOf(Agent)).toEqual(['Agent']);
  });

  it.each<[(typeof ENTITIES)[number], readonly string[]]>([
    [Activity, ['Activity', 'Entry']],
    [Call, ['Activity', 'Call', 'Entry']],
    [VideoCall, ['Activity', 'Call', 'VideoCall', 'Entry']],
    [Memo, ['Activity', 'Memo', 'Entry']],
    // A class that is no part of the inheritance writes no row of a child.
    [Entry, ['Activity', 'Entry']],
    [Agent, ['Agent']],
  ])('rows that are written as one are rows of others: %p', async (written, others) => {
    const dataSource = await unconnected('sqljs', [...ENTITIES]);
    const metadata = dataSource.getMetadata(written);
    const found = ENTITIES.filter((other) => isRowOf(metadata, dataSource.getMetadata(other)));
    expect(found.map(({ name }) => name)).toEqual(others);
  });

  it('map a column by its name in the database', async () => {
    const dataSource = await unconnected('sqljs', [...ENTITIES]);
    const title = dataSource.getMetadata(Activity).findColumnWithPropertyName('title')!;
    expect(columnAlike(dataSource.getMetadata(Call), title)?.propertyName).toBe('title');
    expect(columnAlike(dataSource.getMetadata(Entry), title)).toBeUndefined();
  });

  const table = (name: string, tableName: string, where: { schema?: string; database?: string } = {}) =>
    new EntitySchema({ name, tableName, ...where, columns: { id: { type: Number, primary: true } } });

  it.each([
    ['postgres', { schema: undefined }, { schema: 'public' }, true],
    ['postgres', { schema: undefined }, { schema: 'other' }, false],
    ['mariadb', { database: undefined }, { database: 'none' }, true],
    ['mariadb', { database: undefined }, { database: 'other' }, false],
    ['mysql', { database: undefined }, { database: 'other' }, false],
  ] as const)(
    'are told by the schema or database that is meant: on %s, %j and %j',
    async (type, one, other, isSame) => {
      const schemas = [table('One', 'thing', one), table('Other', 'thing', other)];
      const dataSource = await unconnected(type, schemas);
      const [first, second] = schemas.map((schema) => dataSource.getMetadata(schema));
      expect(isRowOf(first, second)).toBe(isSame);
    },
  );

  it.each([
    ['postgres', false],
    ['mariadb', true],
    ['sqljs', true],
  ] as const)('are told by names as %s compares them', async (type, isSame) => {
    const schemas = [table('One', 'thing'), table('Other', 'Thing')];
    const dataSource = await unconnected(type, schemas);
    const [first, second] = schemas.map((schema) => dataSource.getMetadata(schema));
    expect(isRowOf(first, second)).toBe(isSame);
    expect(entitiesOfTable(first)).toHaveLength(isSame ? 2 : 1);
  });

  it('are told by names that differ in more than their case', async () => {
    const schemas = [table('One', 'straße'), table('Other', 'STRASSE')];
    const dataSource = await unconnected('sqljs', schemas);
    expect(entitiesOfTable(dataSource.getMetadata('One'))).toHaveLength(1);
  });

  it('of a DataSource that has them no more is the entity alone', async () => {
    const dataSource = await unconnected('sqljs', [Agent]);
    const metadata = dataSource.getMetadata(Agent);
    Object.assign(dataSource, { entityMetadatas: [] });
    expect(entitiesOfTable(metadata)).toEqual([metadata]);
  });
});
