import { describe, expect, it } from '@jest/globals';
import { ChildEntity, Entity, PrimaryGeneratedColumn, TableInheritance } from 'typeorm';
import { withOwnDiscriminators } from '../../../../lib/orm/query-builders/discriminator-condition.js';
import { constantParameter } from '../../../../lib/orm/policy/scope-parameters.js';
import { unconnected } from '../../../support/unconnected.js';

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Activity {
  @PrimaryGeneratedColumn() id!: number;
}
@ChildEntity()
class Call extends Activity {}
@ChildEntity('video')
class VideoCall extends Call {}
@ChildEntity()
class Memo extends Activity {}
/** Has a table of its own, though its class extends a child entity. */
@Entity()
class Archived extends Memo {}
@Entity()
class Agent {
  @PrimaryGeneratedColumn() id!: number;
}
const ENTITIES = [Activity, Call, VideoCall, Memo, Archived, Agent] as const;

describe('the condition of a child entity', () => {
  const conditionsOf = async (entity: (typeof ENTITIES)[number], made: string): Promise<string> => {
    const dataSource = await unconnected('postgres', [...ENTITIES]);
    let text = withOwnDiscriminators(made, dataSource.getMetadata(entity));
    for (const value of ['Call', 'video', 'Memo', 'Archived'])
      text = text.replaceAll(constantParameter(value), `of ${value}`);
    return text;
  };
  const made = '( a.kind IN (:...discriminatorColumnValues) ) AND ( b.kind IN (:...discriminatorColumnValues) )';

  it.each<[(typeof ENTITIES)[number], string]>([
    [Call, '(:of video, :of Call)'],
    [VideoCall, '(:of video)'],
    [Memo, '(:of Memo)'],
  ])('of %p names the values of it, and of those below it, by parameters of their own: %s', async (entity, values) => {
    expect(await conditionsOf(entity, made)).toBe(`( a.kind IN ${values} ) AND ( b.kind IN ${values} )`);
    expect(await conditionsOf(entity, ' WHERE a.id = :id')).toBe(' WHERE a.id = :id');
  });

  it.each([Activity, Archived, Agent])('is none of %p', async (entity) => {
    expect(await conditionsOf(entity, made)).toBe(made);
  });
});
