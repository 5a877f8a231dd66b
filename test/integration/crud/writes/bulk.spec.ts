import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Injectable, Module, UseGuards } from '@nestjs/common';
import { Crud, CrudController, MuckConfigurationError, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, HookContext } from 'nestjs-muck';
import { clientOf } from '../../../support/client.js';
import {
  Agent,
  Article,
  CreateTicketDto,
  HistoryEntry,
  openCrudDesk,
  Specimen,
  TestGuard,
  Ticket,
} from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import { places } from '../../../support/places.js';

/** Validated bodies, and what hooks have seen. */
let validated = 0;
const log: string[] = [];

class CountedDto extends CreateTicketDto {
  constructor() {
    super();
    validated++;
  }
}

@Injectable()
class Register implements CrudHooks<Ticket> {
  beforeCreate(ticket: Ticket): void {
    log.push(`before ${ticket.orderNumber}`);
    ticket.note ??= `no. ${ticket.orderNumber}`;
  }

  async afterCreate(ticket: Ticket, { manager }: HookContext): Promise<void> {
    log.push(`after ${ticket.orderNumber}`);
    await manager.insert(HistoryEntry, { ticketId: ticket.id, text: `made ${ticket.orderNumber}` });
    if (ticket.subject === 'Cursed') throw new Error('the last one is cursed');
  }

  createCommitted(ticket: Ticket): void {
    log.push(`committed ${ticket.orderNumber}`);
  }
}

@Module({ providers: [Register] })
class HooksModule {}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CountedDto }, also: ['createMany'], bulk: { max: 5 } })
class TicketsController extends CrudController<Ticket> {}

@Controller('registered')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['createMany'], hooks: [Register] })
class RegisteredController extends CrudController<Ticket> {}

@Controller('strict')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['createMany'], strictPayload: true })
class StrictController extends CrudController<Ticket> {
  protected override scope(): Partial<Ticket> {
    return { status: 'open' };
  }
}

@Controller('specimens')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen, { also: ['createMany'] })
class SpecimensController extends CrudController<Specimen> {}

@Controller('articles')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Article, { also: ['createMany'] })
class ArticlesController extends CrudController<Article> {}

@Controller('plain')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket)
class PlainController extends CrudController<Ticket> {}

describe.each(places)('a list of rows, on $adapter and $database', ({ adapter, database }) => {
  let desk: Desk;
  let orderNumber = 0;
  const acme = clientOf(() => desk, '1');
  const globex = clientOf(() => desk, '2');
  const ticket = (more = {}) => ({ orderNumber: ++orderNumber, subject: 'Late', ...more });
  const stored = async (): Promise<number> => ((await acme.get('/plain?limit=1')).body as { total: number }).total;

  beforeAll(async () => {
    desk = await openCrudDesk(
      [
        TicketsController,
        RegisteredController,
        StrictController,
        SpecimensController,
        ArticlesController,
        PlainController,
      ],
      { adapter, database, imports: [HooksModule] },
    );
  });
  afterAll(() => desk?.close());
  beforeEach(() => {
    log.length = 0;
  });

  it('is made whole and answered in its order', async () => {
    const list = [ticket({ note: 'a' }), ticket({ status: 'closed' }), ticket(), ticket({ note: 'd' })];
    const { status, body } = await acme.post('/tickets/bulk', list);
    expect(status).toBe(201);
    expect(body).toEqual(
      list.map((sent) =>
        expect.objectContaining({
          note: null,
          status: 'open',
          ...sent,
          organizationId: 1,
          version: 1,
          deletedAt: null,
        }),
      ),
    );
    for (const row of body) expect((await acme.get(`/tickets/${row.id}`)).body).toEqual(row);
    expect((await globex.get(`/tickets/${body[0].id}`)).status).toBe(404);
    expect((await acme.post('/tickets/bulk', [])).body).toEqual([]);
  });

  it('with keys of any kind is answered in its order', async () => {
    const codes = ['c', 'a', 'd', 'b', 'e'];
    const specimens = await acme.post(
      '/specimens/bulk',
      codes.map((code) => ({ code })),
    );
    expect(specimens.body.map(({ code }: Specimen) => code)).toEqual(codes);
    for (const { id, code } of specimens.body) expect((await acme.get(`/specimens/${id}`)).body.code).toBe(code);
    const titles = ['Zebra', 'Ant', 'Mole'];
    const articles = await acme.post(
      '/articles/bulk',
      titles.map((title) => ({ title })),
    );
    expect(articles.body.map(({ slug }: Article) => slug)).toEqual(['zebra', 'ant', 'mole']);
  });

  it('that is none is refused, and one that is too long before anything is validated', async () => {
    for (const body of [{}, 'null', '"x"', '5', { 0: ticket(), length: 1 }]) {
      expect((await acme.post('/tickets/bulk', body)).status).toBe(400);
    }
    validated = 0;
    const long = await acme.post('/tickets/bulk', Array(6).fill({ nonsense: true }));
    expect([long.status, long.body.message]).toEqual([400, ['the list must not have more than 5 elements']]);
    expect(validated).toBe(0);
    const many = await acme.post('/registered/bulk', Array(101).fill({}));
    expect([many.status, many.body.message]).toEqual([400, ['the list must not have more than 100 elements']]);
  });

  it('of which some do not fit is refused with every problem and its index, and nothing is written', async () => {
    const before = await stored();
    const { status, body } = await acme.post('/tickets/bulk', [
      ticket(),
      { orderNumber: 'x', subject: 'y' },
      7,
      { ...ticket(), subject: 'x'.repeat(41) },
      { ...ticket(), stauts: 'open' },
    ]);
    expect(status).toBe(400);
    expect(body).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      message: [
        '[1] orderNumber must be an integer number',
        '[2] the body must be an object',
        '[4] property stauts should not exist',
      ],
    });
    const tooLong = await acme.post('/tickets/bulk', [ticket(), { ...ticket(), subject: 'x'.repeat(41) }]);
    expect(tooLong.body.message).toEqual(['[1] subject must be a string of at most 40 characters']);
    expect(await stored()).toBe(before);
  });

  it('of which one refers to a row of another organization is refused as for a missing row', async () => {
    const agents = desk.dataSource.getRepository(Agent);
    const own = await desk.tenancy.run({ organizationId: 1 }, () => agents.save({ name: 'Ada' }));
    const foreign = await desk.tenancy.run({ organizationId: 2 }, () => agents.save({ name: 'Eve' }));
    const before = await stored();
    const answers = [foreign.id, 999_999].map(async (assigneeId) => {
      const list = [ticket({ assigneeId: own.id }), ticket({ assigneeId }), ticket({ assigneeId: own.id })];
      return acme.post('/tickets/bulk', list);
    });
    const [bad, missing] = await Promise.all(answers);
    expect(bad.status).toBe(400);
    expect(bad.body.message).toEqual(['[1] assigneeId refers to a row that does not exist']);
    expect(missing.text).toBe(bad.text);
    expect(await stored()).toBe(before);
  });

  it('of a hundred, of which one refers to a row of another organization, writes nothing', async () => {
    const foreign = await desk.tenancy.run({ organizationId: 2 }, () =>
      desk.dataSource.getRepository(Agent).save({ name: 'Eve' }),
    );
    const before = await stored();
    const list = Array.from({ length: 100 }, (_, index) => ticket(index === 77 ? { assigneeId: foreign.id } : {}));
    const { status, body } = await acme.post('/registered/bulk', list);
    expect([status, body.message]).toEqual([400, ['[77] assigneeId refers to a row that does not exist']]);
    expect(await stored()).toBe(before);
    expect(log.filter((line) => !line.startsWith('before'))).toEqual([]);
  });

  it('of which some are in conflict says which, be it with stored rows or with each other', async () => {
    const taken = ticket();
    await acme.post('/tickets', taken);
    await globex.post('/tickets', { orderNumber: 777_777, subject: 'theirs' });
    const before = await stored();
    const twice = ticket();
    const { status, body } = await acme.post('/tickets/bulk', [
      ticket(),
      taken,
      twice,
      { orderNumber: 777_777, subject: 'x' },
      twice,
    ]);
    expect([status, body.message]).toEqual([409, ['[1] orderNumber must be unique', '[4] orderNumber must be unique']]);
    const mixed = await acme.post('/tickets/bulk', [taken, ticket({ assigneeId: 999_999 })]);
    expect([mixed.status, mixed.body.message]).toEqual([
      400,
      ['[1] assigneeId refers to a row that does not exist', '[0] orderNumber must be unique'],
    ]);
    expect(await stored()).toBe(before);
  });

  it('has what the server owns from the server', async () => {
    const { body } = await acme.post('/tickets/bulk', [{ ...ticket(), id: 9, organizationId: 2, version: 7 }]);
    expect(body[0]).toMatchObject({ organizationId: 1, version: 1 });
    const strict = await acme.post('/strict/bulk', [
      { ...ticket(), organizationId: 1 },
      { ...ticket(), organizationId: 2, version: 7 },
      { ...ticket(), status: 'closed' },
    ]);
    expect([strict.status, strict.body.message]).toEqual([
      400,
      ['[1] organizationId is server-owned and must not be set', '[1] version is server-owned and must not be set'],
    ]);
    const narrowed = await acme.post('/strict/bulk', [ticket(), { ...ticket(), status: 'closed' }]);
    expect(narrowed.body.message).toEqual(['[1] status is server-owned and must not be set']);
  });

  it('runs the hooks of create for each row, and with one that throws nothing is written', async () => {
    const list = [ticket(), ticket({ note: 'own' })];
    const [one, two] = list.map((row) => row.orderNumber);
    const { status, body } = await acme.post('/registered/bulk', list);
    expect([status, body.map(({ note }: Ticket) => note)]).toEqual([201, [`no. ${one}`, 'own']]);
    const phases = ['before', 'after', 'committed'];
    expect(log).toEqual(phases.flatMap((phase) => [`${phase} ${one}`, `${phase} ${two}`]));
    const before = [
      await stored(),
      await desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.manager.count(HistoryEntry)),
    ];
    expect((await acme.post('/registered/bulk', [ticket(), ticket({ subject: 'Cursed' })])).status).toBe(500);
    expect([
      await stored(),
      await desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.manager.count(HistoryEntry)),
    ]).toEqual(before);
  });

  it('has no route unless it is asked for', async () => {
    expect((await acme.post('/plain/bulk', [ticket()])).status).toBe(405);
  });
});

it('a bound of no rows stops the application from starting', async () => {
  @Controller('wrong')
  @TenantScoped()
  @Crud(Ticket, { also: ['createMany'], bulk: { max: 0 } })
  class WrongController extends CrudController<Ticket> {}

  const error: unknown = await openCrudDesk([WrongController]).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(MuckConfigurationError);
  expect((error as Error).message).toContain('WrongController: bulk.max must be a whole number from 1');
});
