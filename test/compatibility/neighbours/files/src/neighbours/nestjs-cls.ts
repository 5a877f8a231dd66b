import assert from 'node:assert/strict';
import { Body, Controller, Get, Post, UseGuards } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { TenantScoped } from 'nestjs-muck';
import { ClsModule, ClsService } from 'nestjs-cls';
import { ACME, GLOBEX, Note, User, within } from '../world.js';
import type { Neighbour } from '../world.js';
import { Repository } from 'typeorm';

@Controller('notes')
@UseGuards(User)
@TenantScoped()
class NotesController {
  constructor(
    private readonly cls: ClsService,
    @InjectRepository(Note) private readonly notes: Repository<Note>,
  ) {}

  @Post()
  async create(@Body() { noteText }: { noteText: string }) {
    this.cls.set('text', noteText);
    await this.notes.save({ noteText });
    return { text: this.cls.get<string>('text'), count: await this.notes.count() };
  }

  @Get()
  async list() {
    return { text: this.cls.get<string>('text') ?? null, notes: await this.notes.find() };
  }
}

const attempt = (options: object) => () =>
  within({ imports: [ClsModule.forRoot(options)], controllers: [NotesController] }, async ({ send, texts }) => {
    const made = await Promise.all(
      [1, 2, 1, 2].map((organization, i) => send(organization, 'POST', '/notes', { noteText: `note ${i}` })),
    );
    assert.deepEqual(
      made.map(({ body }) => body.text),
      ['note 0', 'note 1', 'note 2', 'note 3'],
    );
    assert.equal((await send(1, 'GET', '/notes')).body.notes.length, 2);
    assert.deepEqual((await texts(ACME)).sort(), ['note 0', 'note 2']);
    assert.deepEqual((await texts(GLOBEX)).sort(), ['note 1', 'note 3']);
  });

const neighbour: Neighbour = {
  packages: ['nestjs-cls'],
  attempts: {
    'forRoot({ middleware: { mount: true } }): its store and the tenant scope follow one request': attempt({
      middleware: { mount: true },
    }),
    'forRoot({ interceptor: { mount: true } }): its store and the tenant scope follow one request': attempt({
      interceptor: { mount: true },
    }),
    'forRoot({}): the application starts': () =>
      within({ imports: [ClsModule.forRoot({})] }, async ({ send }) =>
        assert.equal((await send(1, 'GET', '/none')).status, 404),
      ),
  },
};
export default neighbour;
