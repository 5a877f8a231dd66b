import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  ConflictException,
  Controller,
  Global,
  Inject,
  Injectable,
  Logger,
  Module,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Crud, CrudController, MuckConfigurationError, TenantScoped } from 'nestjs-muck';
import type { CommittedContext, CrudHooks, HookContext, RowChanges } from 'nestjs-muck';
import { DataSource } from 'typeorm';
import { adaptersToTest } from '../../../support/adapters.js';
import { databasesToTest } from '../../../support/databases.js';
import { clientOf } from '../../../support/client.js';
import { CreateTicketDto, HistoryEntry, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

/** What has run, and what a hook is to do at some moment. */
const log: string[] = [];
let moment: ((place: string, ticket: Ticket, context: CommittedContext) => void | Promise<void>) | undefined;

interface Request {
  readonly user: { readonly id: number };
}

abstract class LoggedHooks implements CrudHooks<Ticket> {
  abstract readonly name: string;

  beforeCreate(ticket: Ticket, context: HookContext) {
    return this.at('beforeCreate', ticket, context);
  }
  afterCreate(ticket: Ticket, context: HookContext) {
    return this.at('afterCreate', ticket, context);
  }
  createCommitted(ticket: Ticket, context: CommittedContext) {
    return this.at('createCommitted', ticket, context);
  }
  beforeReplace(ticket: Ticket, context: HookContext & RowChanges<Ticket>) {
    return this.at('beforeReplace', ticket, context);
  }
  afterReplace(ticket: Ticket, context: HookContext & RowChanges<Ticket>) {
    return this.at('afterReplace', ticket, context);
  }
  replaceCommitted(ticket: Ticket, context: CommittedContext & RowChanges<Ticket>) {
    return this.at('replaceCommitted', ticket, context);
  }
  beforeUpdate(ticket: Ticket, context: HookContext & RowChanges<Ticket>) {
    return this.at('beforeUpdate', ticket, context);
  }
  afterUpdate(ticket: Ticket, context: HookContext & RowChanges<Ticket>) {
    return this.at('afterUpdate', ticket, context);
  }
  updateCommitted(ticket: Ticket, context: CommittedContext & RowChanges<Ticket>) {
    return this.at('updateCommitted', ticket, context);
  }
  beforeRemove(ticket: Ticket, context: HookContext) {
    return this.at('beforeRemove', ticket, context);
  }
  afterRemove(ticket: Ticket, context: HookContext) {
    return this.at('afterRemove', ticket, context);
  }
  removeCommitted(ticket: Ticket, context: CommittedContext) {
    return this.at('removeCommitted', ticket, context);
  }

  private async at(phase: string, ticket: Ticket, context: CommittedContext): Promise<void> {
    const place = `${this.name}.${phase}`;
    log.push(place);
    await moment?.(place, ticket, context);
  }
}

@Injectable()
class TicketHistory extends LoggedHooks {
  readonly name = 'history';

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  override async afterUpdate(ticket: Ticket, context: HookContext & RowChanges<Ticket>): Promise<void> {
    const { manager, previous, changes } = context;
    const text = Object.keys(changes).map((field) => {
      const value = (of: object): string => String((of as Record<string, string>)[field]);
      return `${field}: ${value(previous)} → ${value(changes)}`;
    });
    await manager.insert(HistoryEntry, { ticketId: ticket.id, text: text.join(', ') });
    expect(manager.dataSource).toBe(this.dataSource);
    await super.afterUpdate(ticket, context);
  }
}

@Injectable()
class SecondHook extends LoggedHooks {
  readonly name = 'second';
}

@Injectable({ scope: Scope.REQUEST })
class Author implements CrudHooks<Ticket> {
  constructor(@Inject(REQUEST) private readonly request: Request) {}

  beforeCreate(ticket: Ticket, context: HookContext<Request>): void {
    ticket.note = `by ${this.request.user.id}`;
    expect(context.request.user).toEqual(this.request.user);
  }
}

@Injectable()
class OnlyCommitted implements CrudHooks<Ticket> {
  createCommitted(ticket: Ticket): void {
    log.push(`committed ${ticket.subject}`);
  }
}

@Global()
@Module({ providers: [TicketHistory, SecondHook, Author, OnlyCommitted] })
class HooksModule {}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, hooks: [TicketHistory, SecondHook] })
class TicketsController extends CrudController<Ticket> {}

@Controller('mine')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, hooks: [TicketHistory] })
class OpenTicketsController extends CrudController<Ticket> {
  protected override scope(): Partial<Ticket> {
    return { status: 'open' };
  }
}

@Controller('authored')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, hooks: [Author, OnlyCommitted] })
class AuthoredController extends CrudController<Ticket> {}

const places = [
  ...adaptersToTest().map((adapter) => ({ adapter, database: 'sqljs' as const })),
  ...databasesToTest()
    .filter((database) => database !== 'sqljs')
    .map((database) => ({ adapter: adaptersToTest()[0], database })),
];

describe.each(places)('hooks, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let orderNumber = 0;
  const acme = clientOf(() => desk, '1/7');
  const globex = clientOf(() => desk, '2/8');
  const ticket = () => ({ orderNumber: ++orderNumber, subject: 'Late' });
  const entries = (): Promise<HistoryEntry[]> =>
    desk.tenancy.run({ organizationId: 1 }, () =>
      desk.dataSource.getRepository(HistoryEntry).find({ order: { id: 'ASC' } }),
    );
  const at = (place: string, act: (ticket: Ticket, context: never) => void | Promise<void>): void => {
    moment = (now, row, context) => (now === place ? act(row, context as never) : undefined);
  };

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, OpenTicketsController, AuthoredController], {
      adapter,
      database,
      imports: [HooksModule],
    });
  });
  afterAll(() => desk?.close());
  beforeEach(() => {
    log.length = 0;
    moment = undefined;
  });

  it('run in their order: before, after, and once it is stored', async () => {
    const { body } = await acme.post('/tickets', ticket());
    await acme.put(`/tickets/${body.id}`, { ...ticket(), note: 'x' });
    await acme.patch(`/tickets/${body.id}`, { note: 'y' });
    await acme.delete(`/tickets/${body.id}`);
    const around = (write: string) => {
      const name = write[0].toUpperCase() + write.slice(1);
      return [`before${name}`, `after${name}`, `${write}Committed`].flatMap((phase) => [
        `history.${phase}`,
        `second.${phase}`,
      ]);
    };
    expect(log).toEqual([...around('create'), ...around('replace'), ...around('update'), ...around('remove')]);
  });

  it('write in the same transaction, with what was and what changes', async () => {
    const { body } = await acme.post('/tickets', ticket());
    const before = (await entries()).length;
    await acme.patch(`/tickets/${body.id}`, { subject: 'Later', note: 'n', version: 7 });
    const [entry] = (await entries()).slice(before);
    expect(entry).toMatchObject({ ticketId: body.id, organizationId: 1 });
    expect(entry.text.split(', ').sort()).toEqual(['note: null → n', 'subject: Late → Later']);
  });

  it.each([
    ['beforeCreate', 'post'],
    ['afterCreate', 'post'],
    ['beforeReplace', 'put'],
    ['afterReplace', 'put'],
    ['beforeUpdate', 'patch'],
    ['afterUpdate', 'patch'],
    ['beforeRemove', 'delete'],
    ['afterRemove', 'delete'],
  ] as const)('that throw in %s undo everything, and the client hears their error', async (phase, verb) => {
    const { body } = await acme.post('/tickets', ticket());
    const state = async () => [(await acme.get('/tickets?limit=100')).text, await entries()];
    const before = await state();
    at(`second.${phase}`, () => {
      throw new ConflictException('not on a Sunday');
    });
    const path = verb === 'post' ? '/tickets' : `/tickets/${body.id}`;
    const answer = await acme[verb](path, { ...ticket(), note: 'changed' });
    expect([answer.status, answer.body.message]).toEqual([409, 'not on a Sunday']);
    expect(await state()).toEqual(before);
  });

  it('that throw when it is stored are logged, and change no answer', async () => {
    const errors: unknown[] = [];
    const { error } = Logger.prototype;
    Logger.prototype.error = (message: unknown) => void errors.push(message);
    at('history.createCommitted', () => {
      throw new Error('mail server is down');
    });
    const { status, body } = await acme.post('/tickets', ticket()).finally(() => (Logger.prototype.error = error));
    expect(status).toBe(201);
    expect(log.at(-1)).toBe('second.createCommitted');
    expect(errors).toEqual(['TicketHistory.createCommitted failed after the row was stored']);
    expect((await acme.get(`/tickets/${body.id}`)).status).toBe(200);
  });

  it('see their row as others do only when it is stored', async () => {
    const seen: string[] = [];
    moment = async (place, row) => {
      if (!place.startsWith('history') || place.includes('before')) return;
      const others = await desk.tenancy.forEach([{ organizationId: 1 }], () =>
        // SQLite has one connection, which the transaction has to itself.
        database === 'sqljs' && !place.includes('Committed')
          ? null
          : desk.dataSource.getRepository(Ticket).findOneBy({ id: row.id }),
      );
      seen.push(`${place}: ${others[0] === null ? 'no' : 'yes'}`);
    };
    await acme.post('/tickets', ticket());
    expect(seen).toEqual(['history.afterCreate: no', 'history.createCommitted: yes']);
  });

  it('change what is written by changing the row, but not what is the server’s', async () => {
    at('history.beforeCreate', (row) => {
      Object.assign(row, { subject: `[${row.subject}]`, version: 9, createdAt: new Date(0), id: undefined });
    });
    const { status, body } = await acme.post('/tickets', ticket());
    expect([status, body.subject, body.version]).toEqual([201, '[Late]', 1]);
    expect(new Date(body.createdAt as string).getTime()).toBeGreaterThan(0);

    at('second.beforeUpdate', (row, { changes, previous }: RowChanges<Ticket>) => {
      expect([changes, previous.subject]).toEqual([{ note: 'n' }, '[Late]']);
      Object.assign(row, { subject: 'Hooked', version: 99, updatedAt: new Date(0), id: 5 });
    });
    const patched = await acme.patch(`/tickets/${body.id}`, { note: 'n' });
    expect(patched.body).toMatchObject({ id: body.id, note: 'n', subject: 'Hooked', version: 2 });
  });

  it.each(['beforeCreate', 'beforeUpdate', 'beforeReplace'])(
    'cannot give a row to another organization in %s',
    async (phase) => {
      const { body } = await acme.post('/tickets', ticket());
      at(`history.${phase}`, (row) => {
        row.organizationId = 2;
      });
      const verb = phase === 'beforeCreate' ? 'post' : phase === 'beforeUpdate' ? 'patch' : 'put';
      const answer = await acme[verb](verb === 'post' ? '/tickets' : `/tickets/${body.id}`, {
        ...ticket(),
        note: 'moved',
      });
      expect(answer.status).toBe(403);
      moment = undefined;
      expect((await globex.get('/tickets')).body.items).toEqual([]);
      expect((await acme.get(`/tickets/${body.id}`)).body).toEqual(body);
    },
  );

  it('cannot leave what the controller narrows to', async () => {
    at('history.beforeCreate', (row) => {
      row.status = 'closed';
    });
    const { status, body } = await acme.post('/mine', ticket());
    expect([status, body.status]).toEqual([201, 'open']);
    at('history.beforeUpdate', (row) => {
      Object.assign(row, { status: 'closed', note: 'hooked' });
    });
    expect((await acme.patch(`/mine/${body.id}`, { subject: 'x' })).body).toMatchObject({
      status: 'open',
      note: 'hooked',
    });
  });

  it('do not run for a row of another organization, nor for one that is missing', async () => {
    const { body } = await acme.post('/tickets', ticket());
    log.length = 0;
    for (const id of [body.id as number, 999_999]) {
      expect((await globex.patch(`/tickets/${id}`, { note: 'x' })).status).toBe(404);
      expect((await globex.put(`/tickets/${id}`, ticket())).status).toBe(404);
      expect((await globex.delete(`/tickets/${id}`)).status).toBe(404);
    }
    expect(log).toEqual([]);
  });

  it('have no transaction for another organization', async () => {
    const refusals: unknown[] = [];
    at('history.afterCreate', async (_, { manager }: HookContext) => {
      await desk.tenancy
        .run({ organizationId: 2 }, () => manager.find(Ticket))
        .catch((error: unknown) => void refusals.push(error));
    });
    await acme.post('/tickets', ticket());
    expect(refusals).toEqual([expect.objectContaining({ name: 'TenantScopeViolationError' })]);
  });

  it('are told the scope and the request', async () => {
    const told: unknown[] = [];
    moment = (_, __, { scope, request }) => void told.push([scope, (request as Request).user.id]);
    await acme.post('/tickets', ticket());
    expect(told).toEqual(Array(6).fill([{ organizationId: 1 }, 7]));
  });

  it('of which none changes anything are not told that something changed', async () => {
    const { body } = await acme.post('/tickets', ticket());
    log.length = 0;
    const { status } = await acme.patch(`/tickets/${body.id}`, { subject: 'Late' });
    expect([status, log]).toEqual([200, ['history.beforeUpdate', 'second.beforeUpdate']]);
  });

  it('that are made for each request have their own', async () => {
    const other = clientOf(() => desk, '1/9');
    const [one, two] = await Promise.all([acme.post('/authored', ticket()), other.post('/authored', ticket())]);
    expect([one.body.note, two.body.note]).toEqual(['by 7', 'by 9']);
    expect(log).toEqual(['committed Late', 'committed Late']);
  });

  it('see two changes of one row one after the other', async () => {
    const { body } = await acme.post('/tickets', { ...ticket(), note: '0' });
    const before = (await entries()).length;
    await Promise.all(['a', 'b', 'c', 'd'].map((note) => acme.patch(`/tickets/${body.id}`, { note })));
    const texts = (await entries()).slice(before).map(({ text }) => /note: (.*) → (.*)/.exec(text)!.slice(1));
    expect(texts).toHaveLength(4);
    texts.forEach(([from], index) => expect(from).toBe(index === 0 ? '0' : texts[index - 1][1]));
  });
});

it('a hook that no module provides stops the application from starting, with the line to type', async () => {
  @Injectable()
  class Forgotten implements CrudHooks<Ticket> {}

  @Controller('forgetful')
  @TenantScoped()
  @Crud(Ticket, { hooks: [Forgotten] })
  class ForgetfulController extends CrudController<Ticket> {}

  const error: unknown = await openCrudDesk([ForgetfulController]).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(MuckConfigurationError);
  expect((error as MuckConfigurationError).problems).toEqual([
    'ForgetfulController names the hook Forgotten, which no module provides. Add it to a module: providers: [Forgotten].',
  ]);
});
