import assert from 'node:assert/strict';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { SnakeNamingStrategy } from 'typeorm-naming-strategies';
import { ACME, GLOBEX, Note, User, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Controller('notes')
@UseGuards(User)
@TenantScoped()
@Crud(Note)
class NotesController extends CrudController<Note> {}

const neighbour: Neighbour = {
  packages: ['typeorm-naming-strategies'],
  attempts: {
    'SnakeNamingStrategy: rows are written, filtered and sorted over HTTP by columns in snake_case': () =>
      within(
        { controllers: [NotesController], options: { namingStrategy: new SnakeNamingStrategy() } },
        async ({ send, texts, dataSource }) => {
          const columns = dataSource.getMetadata(Note).columns.map(({ databaseName }) => databaseName);
          assert.deepEqual(columns, ['id', 'organization_id', 'note_text', 'rank']);
          for (const organization of [1, 2])
            for (const noteText of ['b', 'a'])
              assert.equal((await send(organization, 'POST', '/notes', { noteText, rank: organization })).status, 201);
          const { body } = await send(1, 'GET', '/notes?noteText__in=a,b&sort=noteText');
          assert.deepEqual(
            body.items.map((row: Note) => [row.noteText, row.rank]),
            [
              ['a', 1],
              ['b', 1],
            ],
          );
          assert.deepEqual(await texts(ACME), ['b', 'a']);
          assert.deepEqual(await texts(GLOBEX), ['b', 'a']);
        },
      ),
  },
};
export default neighbour;
