import { attacks, crossedIf } from '../../support/attack.js';
import { Folder, Topic } from '../../support/desk.js';
import { foreign, own } from '../../support/world.js';

const theirTopic = Object.assign(new Topic(), { id: foreign.topic });
const theirFolder = Object.assign(new Folder(), { id: foreign.folder });

for (const [title, entity, theirs] of [
  ['trees in a closure table', Topic, theirTopic],
  ['trees by materialized paths', Folder, theirFolder],
] as const) {
  const label = entity === Topic ? { title: 'planted' } : { name: 'planted' };

  attacks(`G-01 ${title}`, {
    'the trees are own ones': ({ tree }) => tree<Topic | Folder>(entity).findTrees(),
    'the roots are own ones': ({ tree }) => tree<Topic | Folder>(entity).findRoots(),
    'the rows below a row of another tenant stay hidden': ({ tree }) =>
      tree<Topic | Folder>(entity).findDescendants(theirs),
    'the tree below a row of another tenant stays hidden': async ({ tree }) =>
      (await tree<Topic | Folder>(entity).findDescendantsTree({ ...theirs })).children,
    'the rows above a row of another tenant stay hidden': ({ tree }) =>
      tree<Topic | Folder>(entity).findAncestors(Object.assign(tree<Topic | Folder>(entity).create(), { id: 9002 })),
    'the number of rows below a row of another tenant stays hidden': async ({ tree }) =>
      crossedIf((await tree<Topic | Folder>(entity).countDescendants(theirs)) > 0),
    'the number of rows above a row of another tenant stays hidden': async ({ tree }) =>
      crossedIf(
        (await tree<Topic | Folder>(entity).countAncestors(
          Object.assign(tree<Topic | Folder>(entity).create(), { id: 9002 }),
        )) > 0,
      ),
    'a builder over the rows below a row of another tenant shows nothing': ({ tree }) =>
      tree<Topic | Folder>(entity).createDescendantsQueryBuilder('node', 'closure', theirs).getMany(),
    'a new row does not grow below a row of another tenant': ({ tree }) =>
      tree<Topic | Folder>(entity).save({ ...label, organizationId: 1, parent: { id: theirs.id } } as never),
    'an own row does not move below a row of another tenant': ({ tree }) =>
      tree<Topic | Folder>(entity).save({ id: own.topic, parent: { id: theirs.id } } as never),
    'an own row does not take a row of another tenant below it': ({ tree }) =>
      tree<Topic | Folder>(entity).save({ id: own.topic, children: [{ id: theirs.id }] } as never),
    'a row of another tenant does not move below an own row': ({ tree }) =>
      tree<Topic | Folder>(entity).save({ id: theirs.id, parent: { id: own.topic } } as never),
    'a row of another tenant is not removed from its tree': ({ tree }) =>
      tree<Topic | Folder>(entity).remove(Object.assign(tree<Topic | Folder>(entity).create(), { id: 9002 })),
  });
}

attacks('G-01 the closure table itself', {
  'read by its name it shows own rows only': async ({ dataSource }) => {
    const rows = await dataSource
      .createQueryBuilder()
      .select('c.id_ancestor', 'above')
      .from('topic_closure', 'c')
      .getRawMany<{ above: number }>();
    return crossedIf(rows.some(({ above }) => above === foreign.topic));
  },
  'written by its name it connects own rows only': ({ dataSource }) =>
    dataSource
      .createQueryBuilder()
      .insert()
      .into('topic_closure')
      .values({ id_ancestor: { id: foreign.topic }, id_descendant: { id: own.topic } })
      .execute(),
  'changed by its name it loses own rows only': ({ dataSource }) =>
    dataSource.createQueryBuilder().delete().from('topic_closure').where('1 = 1').execute(),
  'written as raw SQL it connects own rows only': ({ dataSource, escape }) =>
    dataSource.query(
      `INSERT INTO topic_closure (${escape('id_ancestor')}, ${escape('id_descendant')}) ` +
        `SELECT ${escape('id_ancestor')}, ${own.topic} FROM topic_closure WHERE ${escape('id_descendant')} = ${foreign.topic}`,
    ),
});
