import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catch, Controller, Get, HttpException, Param, UseFilters, UseGuards } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  ACCEPT_PROBLEM_DETAILS,
  ApiError,
  fieldMessages,
  filterBy,
  infinitePages,
  iteratePages,
  iterateRows,
  problemOf,
  readProblem,
  toFilters,
  toQuery,
} from 'nestjs-muck/client';
import type { ApiProblem, CursorPage, Filters, ListQuery } from 'nestjs-muck/client';
import type { AddressInfo, Server } from 'node:net';
import { adaptersToTest } from '../../support/adapters.js';
import { Agent, CreateTicketDto, openCrudDesk, TestGuard, Ticket } from '../../support/crud-desk.js';
import type { Desk } from '../../support/crud-desk.js';

/** Sets a header that Nest's exceptions cannot carry. */
@Catch(HttpException)
class RetryAfterFilter implements ExceptionFilter {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{
      header(name: string, value: string): void;
      status(code: number): { send(body: unknown): void };
    }>();
    response.header('Retry-After', '7');
    response.status(exception.getStatus()).send(exception.getResponse());
  }
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  dto: { create: CreateTicketDto },
  search: ['subject'],
  filter: ['id', 'orderNumber', 'subject', 'status', 'note', 'assigneeId', 'assignee.name', 'tags.name', 'createdAt'],
  sort: ['id', 'subject', 'assignee.name'],
  include: ['assignee', 'tags'],
  fields: ['id', 'subject'],
  links: ['tags'],
})
class TicketsController extends CrudController<Ticket> {
  @Get('failures/:status')
  @UseFilters(RetryAfterFilter)
  fail(@Param('status') status: string): never {
    throw new HttpException('try again later', Number(status));
  }
}

/** The tickets of organization 1, by id. Those of organization 2 are urgent, open and late too. */
const SUBJECTS = ['Parcel late', 'parcel, broken', 'Invoice', 'Refund', 'Übergrößen', '100% wool'];

describe.each(adaptersToTest())('nestjs-muck/client, on %s', (adapter) => {
  let desk: Desk;
  let url: string;

  beforeAll(async () => {
    desk = await openCrudDesk([TicketsController], { adapter });
    const { port } = (desk.app.getHttpServer() as Server).address() as AddressInfo;
    url = `http://127.0.0.1:${port}/tickets`;
    for (const organizationId of [1, 2]) {
      const { id: ada } = await desk.tenancy.run({ organizationId }, () =>
        desk.dataSource.getRepository(Agent).save({ name: 'Ada' }),
      );
      for (const [i, subject] of SUBJECTS.entries()) {
        await send('POST', '', organizationId, {
          orderNumber: i + 1,
          subject,
          status: i % 2 === 0 ? 'open' : 'closed',
          note: i < 3 ? `note ${i}` : null,
          assigneeId: i < 2 ? ada : null,
        });
      }
    }
  });
  afterAll(() => desk?.close());

  const send = async (
    method: string,
    path: string,
    organizationId = 1,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> =>
    await fetch(`${url}${path}`, {
      method,
      headers: { 'x-user': String(organizationId), 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  const read = async <T>(query: Readonly<Record<string, string>>): Promise<T> => {
    const response = await send('GET', `?${String(new URLSearchParams(query))}`);
    const problem = await readProblem(response);
    if (problem !== undefined) throw new ApiError(problem);
    return (await response.json()) as T;
  };
  const numbersOf = async (query: Readonly<Record<string, string>>): Promise<number[]> => {
    const { items } = await read<CursorPage<Ticket>>({ sort: 'id', ...query });
    return items.map(({ orderNumber }) => orderNumber);
  };
  const problemOn = async (...request: Parameters<typeof send>): Promise<ApiProblem> => {
    const problem = await readProblem(await send(...request));
    if (problem === undefined) throw new Error('the request succeeds');
    return problem;
  };

  it.each<readonly [Filters<Ticket>, readonly number[]]>([
    [{}, [1, 2, 3, 4, 5, 6]],
    [{ status: 'open' }, [1, 3, 5]],
    [{ status: undefined, orderNumber__gt: 4 }, [5, 6]],
    [{ orderNumber__in: [2, 4, 9] }, [2, 4]],
    [{ orderNumber__in: [] }, []],
    [{ orderNumber__not_in: [2, 4], orderNumber__lte: 4 }, [1, 3]],
    [{ orderNumber__between: [2, 3] }, [2, 3]],
    [{ subject__in: ['parcel, broken', 'Refund'] }, [2, 4]],
    [{ subject__icontains: 'PARCEL' }, [1, 2]],
    [{ subject__contains: '%' }, [6]],
    [{ subject: 'Übergrößen' }, [5]],
    [{ note: null }, [4, 5, 6]],
    [{ note__ne: null }, [1, 2, 3]],
    [{ note__is_null: false, note__ne: 'note 1' }, [1, 3]],
    [{ $not: { note: 'note 1' } }, [1, 3, 4, 5, 6]],
    [{ assignee: null, status: 'closed' }, [4, 6]],
    [{ 'assignee.name': 'Ada' }, [1, 2]],
    [{ 'tags.name': 'late' }, []],
    [{ createdAt__gt: new Date(0), createdAt__lt: '2999-01-01', orderNumber: 1 }, [1]],
    [{ $or: [{ orderNumber: 1 }, { subject: 'Refund', note: null }] }, [1, 4]],
    [{ $and: [{ $or: [{ orderNumber: 1 }, { orderNumber: 2 }] }, { status: 'closed' }], $not: { id: 0 } }, [2]],
  ])('writes the filter %j as the server reads it, in each of the two forms', async (filters, expected) => {
    expect(await numbersOf({ filters: toFilters<Ticket>(filters) })).toEqual(expected);
    expect(await numbersOf(toQuery<Ticket>({ filters }))).toEqual(expected);
    expect(await numbersOf({ filters: String(filterBy<Ticket>().and(filters)) })).toEqual(expected);
  });

  it('builds filters with two conditions on one key', async () => {
    const filter = filterBy<Ticket>()
      .where('subject', 'icontains', 'parcel')
      .where('subject', 'icontains', 'late')
      .or({ status: 'open' }, filterBy<Ticket>().where('note', null));
    expect(await numbersOf(toQuery<Ticket>({ filters: filter }))).toEqual([1]);
    expect(await numbersOf({ filters: String(filter.not({ status: 'open' })) })).toEqual([]);
  });

  it('writes the order, the projection and the page', async () => {
    const query: ListQuery<Ticket> = { sort: ['assignee.name__nullsfirst', '-id'], limit: 2, page: 2, count: 'exact' };
    expect(await numbersOf(toQuery<Ticket>(query))).toEqual([4, 3]);
    expect(await read(toQuery<Ticket>({ fields: ['id', 'subject'], search: 'wool', include: [] }))).toMatchObject({
      items: [{ subject: '100% wool' }],
      total: 1,
    });
    expect(await read(toQuery<Ticket>({ limit: 0 }))).toMatchObject({ items: [], total: SUBJECTS.length, limit: 0 });
    const included = await read<CursorPage<Ticket>>(toQuery<Ticket>({ include: ['assignee', 'tags'], sort: 'id' }));
    expect(included.items[0]).toMatchObject({ assignee: { name: 'Ada' }, tags: [] });
  });

  it('iterates over all rows of the tenant, each once', async () => {
    const filters: Filters<Ticket> = { $or: [{ status: 'open' }, { status: 'closed' }] };
    const readPage = (cursor: string) =>
      read<CursorPage<Ticket>>(toQuery<Ticket>({ filters, sort: '-subject', limit: 2, cursor }));
    const rows: Ticket[] = [];
    for await (const row of iterateRows(readPage)) rows.push(row);
    expect(rows.map(({ subject }) => subject).sort()).toEqual([...SUBJECTS].sort());
    expect(new Set(rows.map(({ organizationId }) => organizationId))).toEqual(new Set([1]));

    const pages: CursorPage<Ticket>[] = [];
    for await (const page of iteratePages(readPage)) pages.push(page);
    expect(pages.map(({ items }) => items.length)).toEqual([2, 2, 2]);

    const { initialPageParam, queryFn, getNextPageParam, getPreviousPageParam } = infinitePages(readPage);
    const { signal } = new AbortController();
    const first = await queryFn({ pageParam: initialPageParam, signal });
    const second = await queryFn({ pageParam: getNextPageParam(first) ?? '', signal });
    expect([first, second]).toEqual(pages.slice(0, 2));
    expect(getPreviousPageParam(first)).toBeUndefined();
    expect((await queryFn({ pageParam: getPreviousPageParam(second) ?? '', signal })).items).toEqual(first.items);
    expect(getNextPageParam(pages[2])).toBeUndefined();
  });

  it('says that a page needs the parameter cursor', async () => {
    const iterated = async () => {
      for await (const _ of iterateRows(() => read<CursorPage<Ticket>>({ limit: '2' })));
    };
    await expect(iterated()).rejects.toThrow('Send the parameter cursor');
  });

  describe.each([
    ['the format of Nest', {}],
    ['problem details', { accept: ACCEPT_PROBLEM_DETAILS }],
  ])('reads errors in %s:', (_format, headers) => {
    it('an invalid body', async () => {
      const problem = await problemOn('POST', '', 1, { subject: '', orderNumber: 'x', nope: 1 }, headers);
      expect(problem).toMatchObject({ kind: 'invalid', status: 400 });
      const { fields, others } = fieldMessages(problem, ['subject', 'orderNumber']);
      expect(Object.keys(fields).sort()).toEqual(['orderNumber', 'subject']);
      expect(others).toEqual(['property nope should not exist']);
    });

    it('an invalid query, and a reference that does not exist', async () => {
      expect(await problemOn('GET', '?sort=nope', 1, undefined, headers)).toMatchObject({
        kind: 'invalid',
        errors: [{ message: expect.stringMatching(/^sort must name one of/) }],
      });
      const reference = await problemOn('PATCH', '/1', 1, { assigneeId: 999 }, headers);
      expect(fieldMessages(reference, ['assigneeId']).fields).toEqual({
        assigneeId: ['assigneeId refers to a row that does not exist'],
      });
    });

    it('a conflict', async () => {
      const problem = await problemOn('POST', '', 1, { orderNumber: 1, subject: 'x' }, headers);
      expect(problem).toMatchObject({ kind: 'conflict', status: 409, message: 'orderNumber must be unique' });
      expect(fieldMessages(problem, ['orderNumber']).fields).toEqual({ orderNumber: ['orderNumber must be unique'] });
    });

    it('a missing row, and a version that has changed', async () => {
      expect(await problemOn('GET', '/999', 1, undefined, headers)).toMatchObject({ kind: 'not-found', errors: [] });
      const stale = { ...headers, 'if-match': '"stale"' };
      expect(await problemOn('PATCH', '/1', 1, { note: 'x' }, stale)).toMatchObject({ kind: 'precondition-failed' });
    });

    it('a caller without a tenant', async () => {
      expect(await problemOn('GET', '', 0, undefined, headers)).toMatchObject({ kind: 'forbidden', status: 403 });
    });
  });

  it.each([
    ['503', 'unavailable'],
    ['429', 'too-many-requests'],
  ])('reads Retry-After of a %s', async (status, kind) => {
    const problem = await problemOn('GET', `/failures/${status}`);
    expect(problem).toMatchObject({ kind, retryAfter: 7 });
    expect(problemOf(new ApiError(problem))).toBe(problem);
  });
});
