import { describe, expect, it } from '@jest/globals';
import { TenantScoped } from 'nestjs-muck';
import type { Type } from '@nestjs/common';
import { Column, Entity, PrimaryColumn, Tree, TreeChildren, TreeParent, type Relation } from 'typeorm';
import { matchClosureStatement } from '../../../../lib/orm/guards/closure-table-statements.js';
import { DESK_ENTITIES, Topic } from '../../../support/desk.js';
import { unconnected } from '../../../support/unconnected.js';

/*
 * The statements that TypeORM writes manually for trees: which nodes each of them connects. Nothing is sent.
 */

/** A tree whose nodes have a key of two columns. */
@Entity('shelf', { schema: 'archive' })
@TenantScoped()
@Tree('closure-table')
class Shelf {
  @PrimaryColumn() room!: number;
  @PrimaryColumn() place!: number;
  @Column() organizationId!: number;
  @TreeParent() parent!: Relation<Shelf> | null;
  @TreeChildren() children!: Relation<Shelf[]>;
}

const HANG =
  'INSERT INTO "topic_closure" ("id_ancestor", "id_descendant") ' +
  'SELECT "id_ancestor", ? FROM "topic_closure" WHERE "id_descendant" = ?';
const MOVE =
  'INSERT INTO "topic_closure" ("id_ancestor", "id_descendant") SELECT "supertree"."id_ancestor", "subtree"."id_descendant" ' +
  'FROM "topic_closure" AS "supertree", "topic_closure" AS "subtree" WHERE "subtree"."id_ancestor" = ? AND "supertree"."id_descendant" = ?';
const HANG_SHELF =
  'INSERT INTO "archive"."shelf_closure" ("room_ancestor", "place_ancestor", "room_descendant", "place_descendant") ' +
  'SELECT "room_ancestor", "place_ancestor", $1, $2 FROM "archive"."shelf_closure" WHERE "room_descendant" = $3 AND "place_descendant" = $4';
const MOVE_SHELF =
  'INSERT INTO "archive"."shelf_closure" ("room_ancestor", "place_ancestor", "room_descendant", "place_descendant") ' +
  'SELECT "supertree"."room_ancestor", "supertree"."place_ancestor", "subtree"."room_descendant", "subtree"."place_descendant" ' +
  'FROM "archive"."shelf_closure" AS "supertree", "archive"."shelf_closure" AS "subtree" ' +
  'WHERE "subtree"."room_ancestor" = $1 AND "subtree"."place_ancestor" = $2 ' +
  'AND "supertree"."room_descendant" = $3 AND "supertree"."place_descendant" = $4';

describe('a statement that hangs a node into a tree', () => {
  const nodesOf = async (
    type: 'postgres' | 'mysql' | 'sqljs',
    entities: Type<object>[],
    sql: string,
    parameters: unknown,
  ): Promise<unknown> => {
    const nodes = matchClosureStatement(sql, parameters, await unconnected(type, entities));
    return nodes && [nodes.metadata.name, nodes.columns.map(({ propertyName }) => propertyName), nodes.keys];
  };

  it.each([HANG, MOVE])('is known, and names the node and its parent: %s', async (sql) => {
    const desk = DESK_ENTITIES as Type<object>[];
    const named = ['Topic', ['id'], [[7], [8]]];
    expect(await nodesOf('sqljs', desk, sql, [7, 8])).toEqual(named);
    expect(await nodesOf('mysql', desk, sql.replaceAll('"', '`'), [7, 8])).toEqual(named);
    const numbered = sql.replace('?', '$1').replace('?', '$2');
    expect(await nodesOf('postgres', desk, numbered, [7, 8])).toEqual(named);
  });

  it.each([HANG_SHELF, MOVE_SHELF])('is known by keys of several columns, in a schema: %s', async (sql) => {
    expect(await nodesOf('postgres', [Topic, Shelf], sql, [1, 2, 3, 4])).toEqual([
      'Shelf',
      ['room', 'place'],
      [
        [1, 2],
        [3, 4],
      ],
    ]);
  });

  it('is no other one', async () => {
    const desk = DESK_ENTITIES as Type<object>[];
    const others: [string, unknown][] = [
      [HANG, [7]],
      [HANG, [7, 8, 9]],
      [HANG, undefined],
      [HANG, { length: 2 }],
      [`${HANG} `, [7, 8]],
      [HANG.replace('topic', 'folder'), [7, 8]],
      [HANG.replace('"id_descendant" = ?', '1 = ?'), [7, 8]],
      [MOVE.replace('"subtree"."id_ancestor" = ?', '1 = ?'), [7, 8]],
      [`-- ${HANG}`, [7, 8]],
      ['INSERT INTO "note" ("body") VALUES (?, ?)', [7, 8]],
    ];
    for (const [sql, parameters] of others) expect(await nodesOf('sqljs', desk, sql, parameters)).toBeUndefined();
  });
});
