import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import type { CrudBody } from 'nestjs-muck';
import { adaptersToTest } from '../../../support/adapters.js';
import { CreateTicketDto, openCrudDesk, TestGuard, Ticket } from '../../../support/crud-desk.js';
import type { Desk } from '../../../support/crud-desk.js';
import type { Answer, Message } from '../../../support/transport.js';

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto }, also: ['createMany', 'restore'], links: ['tags'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('accepted')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, { dto: { create: CreateTicketDto } })
class AcceptedController extends CrudController<Ticket> {
  @HttpCode(202)
  override update(id: never, body: CrudBody<Ticket>): Promise<Ticket> {
    return super.update(id, body);
  }
}

describe.each(adaptersToTest())('Prefer: return, on %s', (adapter) => {
  let desk: Desk;
  let numbers = 0;
  const send = async (
    method: Message['method'],
    url: string,
    prefer: string | undefined,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    desk.transport.send({
      method,
      url,
      headers: {
        'x-user': '1',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(prefer !== undefined && { prefer }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  const ticket = () => ({ orderNumber: (numbers += 1), subject: 'a parcel' });
  const create = async (): Promise<string> =>
    String((await send('POST', '/tickets', 'return=minimal', ticket())).headers['location']);
  const told = ({ status, headers, text }: Answer) => [status, headers['preference-applied'], text];
  const MINIMAL = 'return=minimal';

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController, AcceptedController], { adapter });
  });
  afterAll(() => desk?.close());

  it('minimal: a new row has its Location and no body', async () => {
    const made = await send('POST', '/tickets', MINIMAL, ticket());
    expect(told(made)).toEqual([201, MINIMAL, '']);
    expect(made.headers['location']).toMatch(/^\/tickets\/\d+$/);
    expect(made.headers).not.toHaveProperty('content-type');
    expect((await send('GET', String(made.headers['location']), undefined)).status).toBe(200);
    expect(told(await send('POST', '/tickets/bulk', MINIMAL, [ticket(), ticket()]))).toEqual([201, MINIMAL, '']);
  });

  it('minimal: a change is a 204, with the ETag of the row as it is now', async () => {
    const path = await create();
    const patched = await send('PATCH', path, MINIMAL, { subject: 'patched' });
    expect(told(patched)).toEqual([204, MINIMAL, '']);
    const shown = await send('GET', path, undefined);
    expect(patched.headers['etag']).toBe(shown.headers['etag']);
    expect(JSON.parse(shown.text)).toMatchObject({ subject: 'patched' });
    const { orderNumber } = JSON.parse(shown.text) as Ticket;
    expect(told(await send('PUT', path, MINIMAL, { orderNumber, subject: 'replaced' }))).toEqual([204, MINIMAL, '']);
    expect((await send('DELETE', path, MINIMAL)).status).toBe(204);
    expect(told(await send('POST', `${path}/restore`, MINIMAL))).toEqual([204, MINIMAL, '']);
    expect(JSON.parse((await send('GET', path, undefined)).text)).toMatchObject({ subject: 'replaced' });
  });

  it('representation is what there is without it, and is named', async () => {
    const made = await send('POST', '/tickets', 'return=representation', ticket());
    expect([made.status, made.headers['preference-applied']]).toEqual([201, 'return=representation']);
    expect(JSON.parse(made.text)).toMatchObject({ subject: 'a parcel' });
    const plain = await send('POST', '/tickets', undefined, ticket());
    expect(plain.headers).not.toHaveProperty('preference-applied');
    expect(Object.keys(JSON.parse(plain.text) as object)).toEqual(Object.keys(JSON.parse(made.text) as object));
  });

  it.each([
    ['Return=Minimal', 204],
    ['respond-async, return=minimal; foo="a, b"', 204],
    ['return = "minimal"', 204],
    ['x="return=minimal, return=minimal"', 200],
    ['return=minimal, return=representation', 200],
    ['return=minimalist', 200],
    ['return', 200],
    ['handling=strict', 200],
    ['', 200],
  ])('%s is a %d', async (prefer, status) => {
    const answer = await send('PATCH', await create(), prefer, { note: 'x' });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([
      status,
      status === 204 ? MINIMAL : undefined,
    ]);
    expect(answer.text === '').toBe(status === 204);
  });

  it('reads and errors are as without it', async () => {
    const path = await create();
    for (const [method, url, body] of [
      ['GET', path, undefined],
      ['HEAD', path, undefined],
      ['GET', '/tickets?limit=1', undefined],
      ['PATCH', path, { subject: 5 }],
      ['PATCH', '/tickets/99999999', { note: 'x' }],
      ['POST', '/tickets', {}],
    ] as const) {
      const [plain, preferred] = [await send(method, url, undefined, body), await send(method, url, MINIMAL, body)];
      expect(told(preferred)).toEqual(told(plain));
      expect(preferred.headers).not.toHaveProperty('preference-applied');
    }
    const changed = await send('PATCH', path, MINIMAL, { note: 'x' }, { 'if-match': '"other"' });
    expect([changed.status, changed.headers['preference-applied']]).toEqual([412, undefined]);
  });

  it('a status of the handler stays', async () => {
    const id = (await create()).split('/').at(-1);
    expect(told(await send('PATCH', `/accepted/${id}`, MINIMAL, { note: 'x' }))).toEqual([202, MINIMAL, '']);
  });
});
