import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { InjectRepository } from '@nestjs/typeorm';
import { Tenancy } from 'nestjs-muck';
import { Repository } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Injectable()
class Listener {
  readonly seen: unknown[] = [];
  constructor(
    private readonly tenancy: Tenancy,
    @InjectRepository(Note) private readonly notes: Repository<Note>,
  ) {}

  @OnEvent('note.wanted', { suppressErrors: false })
  async write(noteText: string): Promise<void> {
    await this.notes.save({ noteText });
  }

  @OnEvent('note.wanted', { async: true, promisify: true })
  async note(): Promise<void> {
    this.seen.push(this.tenancy.current);
  }
}

const neighbour: Neighbour = {
  packages: ['@nestjs/event-emitter'],
  attempts: {
    '@OnEvent(): a listener works in the scope of who emits, also at once for two tenants': () =>
      within({ imports: [EventEmitterModule.forRoot()], providers: [Listener] }, async ({ app, tenancy, texts }) => {
        const emitter = app.get(EventEmitter2);
        const emit = (scope: typeof ACME, text: string) =>
          tenancy.run(scope, () => emitter.emitAsync('note.wanted', text));
        await Promise.all([emit(ACME, 'a'), emit(GLOBEX, 'b'), emit(GLOBEX, 'c')]);
        assert.deepEqual(await texts(ACME), ['a']);
        assert.deepEqual((await texts(GLOBEX)).sort(), ['b', 'c']);
        assert.deepEqual(app.get(Listener).seen, [ACME, GLOBEX, GLOBEX]);
      }),
  },
};
export default neighbour;
