import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Crud, CrudController, InjectCrud, MuckModule, TenantScoped } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { Controller, UseGuards } from '@nestjs/common';
import { CrudService } from 'nestjs-muck';
import { DataSource, Repository } from 'typeorm';
import { addTransactionalDataSource, deleteDataSourceByName, Propagation, Transactional } from 'typeorm-transactional';
import { ACME, GLOBEX, Note, User, within } from '../world.js';
import type { Neighbour, World } from '../world.js';

const committed: string[] = [];

@Injectable()
class Hooks implements CrudHooks<Note> {
  createCommitted({ noteText }: Note) {
    committed.push(noteText);
  }
}

@Controller('notes')
@UseGuards(User)
@TenantScoped()
@Crud(Note, { hooks: [Hooks] })
class NotesController extends CrudController<Note> {
  @Transactional()
  async makeTwo(texts: string[], fails: boolean): Promise<void> {
    for (const noteText of texts) await this.service.create({ noteText });
    if (fails) throw new Error('fails');
  }
}

@Injectable()
class Writers {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(Note) private readonly notes: Repository<Note>,
    @InjectCrud(Note) private readonly service: CrudService<Note>,
  ) {}

  @Transactional()
  async write(prefix: string, fails: boolean): Promise<number> {
    await this.notes.save({ noteText: `${prefix} repository` });
    await this.dataSource
      .createQueryBuilder()
      .insert()
      .into(Note)
      .values({ noteText: `${prefix} builder` })
      .execute();
    await this.dataSource.manager.insert(Note, { noteText: `${prefix} manager` });
    await this.service.create({ noteText: `${prefix} service` });
    await this.nested(prefix).catch(() => undefined);
    const { total } = await this.service.findAll({});
    if (fails) throw new Error('fails');
    return total!;
  }

  @Transactional({ propagation: Propagation.NESTED })
  async nested(prefix: string): Promise<void> {
    await this.notes.insert({ noteText: `${prefix} nested` });
    throw new Error('the nested one fails');
  }
}

const tried = async ({ app, tenancy, texts }: World): Promise<void> => {
  committed.splice(0);
  const writers = app.get(Writers);
  await assert.rejects(
    tenancy.run(ACME, () => writers.write('undone', true)),
    /^Error: fails/,
  );
  assert.deepEqual(await texts(ACME), []);
  assert.equal(await tenancy.run(ACME, () => writers.write('a', false)), 4);
  assert.equal(await tenancy.run(GLOBEX, () => writers.write('g', false)), 4);
  assert.deepEqual(await texts(ACME), ['a repository', 'a builder', 'a manager', 'a service']);
  assert.deepEqual(await texts(GLOBEX), ['g repository', 'g builder', 'g manager', 'g service']);
};

const providers = [Writers, Hooks];
const imports = [MuckModule.forFeature([Note])];

const neighbour: Neighbour = {
  packages: ['typeorm-transactional'],
  attempts: {
    'addTransactionalDataSource() before initialize: repository, builder, manager and CrudService share a transaction':
      () =>
        within(
          {
            providers,
            imports,
            dataSourceFactory: async (options) => addTransactionalDataSource(new DataSource(options!)),
          },
          tried,
        ).finally(() => deleteDataSourceByName('default')),
    'addTransactionalDataSource() after initialize: the same': () =>
      within(
        {
          providers,
          imports,
          dataSourceFactory: async (options) => addTransactionalDataSource(await new DataSource(options!).initialize()),
        },
        tried,
      ).finally(() => deleteDataSourceByName('default')),
    '@Transactional() around two creates: createCommitted waits for the commit': () =>
      within(
        {
          providers: [Hooks],
          controllers: [NotesController],
          dataSourceFactory: async (options) => addTransactionalDataSource(new DataSource(options!)),
        },
        async ({ app, tenancy, texts }) => {
          committed.splice(0);
          const controller = app.get(NotesController);
          await assert.rejects(
            tenancy.run(ACME, () => controller.makeTwo(['x', 'y'], true)),
            /fails/,
          );
          assert.deepEqual([committed, await texts(ACME)], [[], []]);
          await tenancy.run(GLOBEX, () => controller.makeTwo(['x', 'y'], false));
          assert.deepEqual(
            [committed, await texts(GLOBEX)],
            [
              ['x', 'y'],
              ['x', 'y'],
            ],
          );
        },
      ).finally(() => deleteDataSourceByName('default')),
  },
};
export default neighbour;
