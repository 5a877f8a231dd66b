import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { Exclude, Expose } from 'class-transformer';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { ListQuery, Page } from 'nestjs-muck';
import fc from 'fast-check';
import request from 'supertest';
import { databasesToTest } from '../../../support/databases.js';
import { openCrudDesk, Specimen, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';

const seen: unknown[] = [];

const watching = {
  intercept: (_: ExecutionContext, next: CallHandler) => next.handle(),
};

/** Its rows go straight into the answer. */
@Controller('straight')
@TenantScoped()
@Crud(Specimen, { limit: { max: 200 } })
class StraightController extends CrudController<Specimen> {}

/** Its rows are entities first: the method is overridden. */
@Controller('entities')
@TenantScoped()
@Crud(Specimen, { limit: { max: 200 } })
class EntitiesController extends CrudController<Specimen> {
  override async findAll(query: ListQuery<Specimen>): Promise<Page<Specimen>> {
    const page = await super.findAll(query);
    seen.push(...page.items);
    return page;
  }
}

@Controller('intercepted')
@TenantScoped()
@UseInterceptors(watching)
@Crud(Specimen)
class InterceptedController extends CrudController<Specimen> {}

@Exclude()
class TicketDto {
  @Expose({ name: 'title' }) subject!: string;
  @Expose() id!: number;
  @Expose() createdAt!: Date;
}

@Controller('tickets')
@TenantScoped()
@Crud(Ticket, { dto: { response: TicketDto } })
class TicketsController extends CrudController<Ticket> {}

@Controller('ticket-entities')
@TenantScoped()
@Crud(Ticket, { dto: { response: TicketDto } })
class TicketEntitiesController extends CrudController<Ticket> {
  override findAll(query: ListQuery<Ticket>): Promise<Page<Ticket>> {
    return super.findAll(query);
  }
}

@Controller('hidden')
@TenantScoped()
@Crud(Ticket)
class HiddenController extends CrudController<Ticket> {}

const text = fc.string({ maxLength: 10 }).filter((value) => !value.includes('\0') && value === value.trimEnd());
const specimen = fc.record({
  code: fc.option(text),
  small: fc.option(fc.integer({ min: -32768, max: 32767 })),
  big: fc.option(fc.bigInt({ min: -(2n ** 52n), max: 2n ** 52n }).map(String)),
  price: fc.option(fc.integer({ min: -99999, max: 99999 }).map((cents) => (cents / 100).toFixed(2))),
  weight: fc.option(fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8)),
  done: fc.option(fc.boolean()),
  day: fc.option(
    fc
      .date({ min: new Date('1990-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
  ),
  at: fc.option(
    fc
      .date({ min: new Date('1990-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000)),
  ),
  color: fc.option(fc.constantFrom('red', 'green')),
  reference: fc.option(fc.uuid({ version: 4 })),
  meta: fc.option(
    fc.oneof(
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.oneof(fc.integer(), fc.constant(null))),
      fc.array(fc.oneof(fc.boolean(), fc.integer())),
    ),
  ),
  tags: fc.option(fc.array(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 3 })),
  euros: fc.option(fc.integer({ min: -100, max: 100 })),
});

describe.each(databasesToTest())('rows that go straight into an answer, on %s', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openCrudDesk(
      [
        StraightController,
        EntitiesController,
        InterceptedController,
        TicketsController,
        TicketEntitiesController,
        HiddenController,
      ],
      { database: kind, configure: (app) => app.useGlobalGuards(new TestGuard()) },
    );
  });
  afterAll(() => desk.close());

  const textOf = async (path: string): Promise<string> => {
    const { status, text: body } = await request(desk.app.getHttpServer()).get(path).set('x-user', '1');
    expect({ status, body: body.slice(0, 200) }).toEqual({ status: 200, body: expect.any(String) });
    return body;
  };

  it('are byte for byte what entities would be shown as, whatever their columns hold', async () => {
    const rows = fc.sample(specimen, { numRuns: 120, seed: 7 });
    await desk.tenancy.run({ organizationId: 1 }, () => desk.dataSource.getRepository(Specimen).insert(rows as never));
    const straight = await textOf('/straight?limit=200');
    seen.length = 0;
    expect(straight).toBe(await textOf('/entities?limit=200'));
    expect(seen).toHaveLength(rows.length);
    expect(seen.every((row) => row instanceof Specimen)).toBe(true);
    expect((JSON.parse(straight) as { items: object[] }).items).toHaveLength(rows.length);
    expect(await textOf('/straight?fields=at,meta,id&limit=50')).toBe(
      await textOf('/entities?fields=at,meta,id&limit=50'),
    );
  });

  it('are the fields of a plain response DTO, in its order', async () => {
    await desk.tenancy.run({ organizationId: 1 }, () =>
      desk.dataSource.getRepository(Ticket).insert({ orderNumber: 1, subject: 'one', secret: 'hush', audit: 'hush' }),
    );
    const straight = await textOf('/tickets');
    expect(straight).toBe(await textOf('/ticket-entities'));
    const [item] = (JSON.parse(straight) as { items: object[] }).items;
    expect(Object.keys(item)).toEqual(['title', 'id', 'createdAt']);
    expect(await textOf('/hidden')).not.toContain('hush');
  });

  it('are read without making an entity of any', async () => {
    // The first answer of a resource makes one, to see what a row shows.
    await textOf('/intercepted?limit=1');
    const metadata = desk.dataSource.getMetadata(Specimen);
    const create = metadata.create.bind(metadata);
    let made = 0;
    metadata.create = ((...args: Parameters<typeof create>) => ((made += 1), create(...args) as unknown)) as never;
    try {
      await textOf('/straight?limit=5');
      expect(made).toBe(0);
      await textOf('/intercepted?limit=5');
      expect(made).toBe(5);
    } finally {
      metadata.create = create as never;
    }
  });
});
