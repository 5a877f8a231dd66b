import assert from 'node:assert/strict';
import { Controller, Injectable, UseGuards } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Transactional, ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudHooks } from 'nestjs-muck';
import { ClsModule } from 'nestjs-cls';
import { ACME, GLOBEX, Note, User, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Injectable()
class Writers {
  constructor(private readonly host: TransactionHost<TransactionalAdapterTypeOrm>) {}

  @Transactional()
  async write(texts: string[], fails: boolean): Promise<number> {
    for (const noteText of texts) await this.host.tx.getRepository(Note).save({ noteText });
    await this.host.tx.createQueryBuilder().insert().into(Note).values({ noteText: 'by a builder' }).execute();
    await this.inner().catch(() => undefined);
    const count = await this.host.tx.count(Note);
    if (fails) throw new Error('fails');
    return count;
  }

  @Transactional('NESTED' as never)
  async inner(): Promise<void> {
    await this.host.tx.getRepository(Note).insert({ noteText: 'in a savepoint' });
    throw new Error('the savepoint fails');
  }
}

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

const cls = () =>
  ClsModule.forRoot({
    plugins: [
      new ClsPluginTransactional({
        adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() as string }),
      }),
    ],
    middleware: { mount: true },
  });

const neighbour: Neighbour = {
  packages: ['@nestjs-cls/transactional', '@nestjs-cls/transactional-adapter-typeorm', 'nestjs-cls'],
  attempts: {
    '@Transactional(): rows of two tenants are stored or undone together, savepoints too': () =>
      within({ imports: [cls()], providers: [Writers] }, async ({ app, tenancy, texts }) => {
        const writers = app.get(Writers);
        assert.equal(await tenancy.run(ACME, () => writers.write(['a', 'b'], false)), 3);
        await assert.rejects(
          tenancy.run(GLOBEX, () => writers.write(['undone'], true)),
          /fails/,
        );
        assert.equal(await tenancy.run(GLOBEX, () => writers.write(['c'], false)), 2);
        assert.deepEqual(await texts(ACME), ['a', 'b', 'by a builder']);
        assert.deepEqual(await texts(GLOBEX), ['c', 'by a builder']);
      }),
    '@Transactional() around two creates on SQLite: createCommitted waits for the commit': () =>
      within(
        { imports: [cls()], providers: [Hooks], controllers: [NotesController], options: { type: 'sqljs' } },
        async ({ app, tenancy, texts }) => {
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
      ),
  },
};
export default neighbour;
