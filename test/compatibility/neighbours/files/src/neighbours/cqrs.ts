import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import {
  CommandBus,
  CommandHandler,
  CqrsModule,
  EventBus,
  EventsHandler,
  ofType,
  QueryBus,
  QueryHandler,
  Saga,
} from '@nestjs/cqrs';
import type { ICommandHandler, IEventHandler, IQueryHandler } from '@nestjs/cqrs';
import { InjectRepository } from '@nestjs/typeorm';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';
import { Repository } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

class WriteNote {
  constructor(readonly noteText: string) {}
}
class RankNote {
  constructor(readonly id: number) {}
}
class NoteWritten {
  constructor(readonly id: number) {}
}
class CountNotes {}

@CommandHandler(WriteNote)
class WriteNoteHandler implements ICommandHandler<WriteNote> {
  constructor(
    @InjectRepository(Note) private readonly notes: Repository<Note>,
    private readonly events: EventBus,
  ) {}
  async execute({ noteText }: WriteNote): Promise<number> {
    const { id } = await this.notes.save({ noteText });
    this.events.publish(new NoteWritten(id));
    return id;
  }
}

@CommandHandler(RankNote)
class RankNoteHandler implements ICommandHandler<RankNote> {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}
  async execute({ id }: RankNote): Promise<void> {
    await this.notes.update(id, { rank: 7 });
  }
}

@EventsHandler(NoteWritten)
class NoteWrittenHandler implements IEventHandler<NoteWritten> {
  static readonly seen: string[] = [];
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}
  async handle({ id }: NoteWritten): Promise<void> {
    const { noteText } = await this.notes.findOneByOrFail({ id });
    NoteWrittenHandler.seen.push(noteText);
  }
}

@QueryHandler(CountNotes)
class CountNotesHandler implements IQueryHandler<CountNotes> {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}
  execute(): Promise<number> {
    return this.notes.count();
  }
}

@Injectable()
class Sagas {
  @Saga()
  rank = (events$: Observable<object>): Observable<RankNote> =>
    events$.pipe(
      ofType(NoteWritten),
      map(({ id }) => new RankNote(id)),
    );
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 300));

const neighbour: Neighbour = {
  packages: ['@nestjs/cqrs'],
  attempts: {
    'commands, queries, event handlers and sagas of two tenants work in the scope of who sends': () =>
      within(
        {
          imports: [CqrsModule.forRoot()],
          providers: [WriteNoteHandler, RankNoteHandler, NoteWrittenHandler, CountNotesHandler, Sagas],
        },
        async ({ app, tenancy, texts, notes }) => {
          const send = (scope: typeof ACME, text: string) =>
            tenancy.run(scope, () => app.get(CommandBus).execute(new WriteNote(text)));
          await Promise.all([send(ACME, 'a'), send(GLOBEX, 'b'), send(GLOBEX, 'c')]);
          await soon();
          assert.equal(await tenancy.run(ACME, () => app.get(QueryBus).execute(new CountNotes())), 1);
          assert.equal(await tenancy.run(GLOBEX, () => app.get(QueryBus).execute(new CountNotes())), 2);
          assert.deepEqual(NoteWrittenHandler.seen.sort(), ['a', 'b', 'c']);
          assert.deepEqual(await texts(ACME), ['a']);
          for (const scope of [ACME, GLOBEX])
            assert.deepEqual([...new Set((await tenancy.run(scope, () => notes.find())).map(({ rank }) => rank))], [7]);
        },
      ),
  },
};
export default neighbour;
