import { expectTypeOf } from 'expect-type';
import {
  ApiError,
  fieldMessages,
  filterBy,
  infinitePages,
  iteratePages,
  iterateRows,
  problemOf,
  toFilters,
  toQuery,
  toSort,
  unwrap,
} from 'nestjs-muck/client';
import type { ApiProblem, FilterOperator, Filters, RelationPath, RowPath, SortKey } from 'nestjs-muck/client';
import type { Operator } from '../../lib/crud/options/filter-operators.js';
import type { Agent, Ticket } from '../support/crud-desk.js';

/*
 * Compiled, never run: what a client of the API writes wrong does not compile, and what it writes right does.
 */

/** A row as a generated client types it. */
interface TicketRow {
  readonly id: number;
  subject: string;
  priority: 'low' | 'high' | 'urgent';
  level: 1 | 2 | 3;
  urgent: boolean;
  assigneeId: number | null;
  createdAt: string;
  labels: string[];
  places?: { x: number }[];
  settings: unknown;
  assignee?: UserRow | null;
  tags?: TagRow[];
}

interface UserRow {
  id: number;
  email: string;
  tickets?: TicketRow[];
}

interface TagRow {
  id: number;
  name: string;
}

// The operators are those of the server.
expectTypeOf<FilterOperator>().toEqualTypeOf<Operator>();

export const right: Filters<TicketRow>[] = [
  { priority: 'urgent', priority__in: ['high', 'urgent'], priority__ne: undefined },
  { level: 1, level__not_in: [2, 3], id__between: [1, 9], id__gte: 2 },
  { urgent: true, urgent__ne: false },
  { createdAt__gte: new Date(), createdAt__lt: '2026-01-01', subject__icontains: 'parcel' },
  { assigneeId: null, assigneeId__ne: null, assigneeId__is_null: true, assigneeId__in: [1] },
  { labels__contains: 'late', labels__is_null: false, places__is_null: true },
  { settings__is_null: true },
  { assignee: null, assignee__is_null: false, tags__is_null: true },
  { 'assignee.email__ends_with': '@acme.example', 'tags.name': 'late', 'assignee.tickets.subject': 'x' },
  { $or: [{ priority: 'urgent' }, { $not: { $and: [{ id: 1 }, filterBy<TicketRow>().where('id', 2)] } }] },
];

export const wrong: Filters<TicketRow>[] = [
  // @ts-expect-error no such column
  { subjct: 'x' },
  // @ts-expect-error no such operator
  { subject__like: 'x' },
  // @ts-expect-error no such member of the enum
  { priority: 'urgnt' },
  // @ts-expect-error no such member of the enum in a list
  { priority__in: ['urgnt'] },
  // @ts-expect-error an enum has no substrings
  { priority__contains: 'u' },
  // @ts-expect-error an enum has no order
  { priority__gt: 'low' },
  // @ts-expect-error a text is no number
  { id: '1' },
  // @ts-expect-error a number has no substrings
  { id__contains: '1' },
  // @ts-expect-error a range has two values
  { id__between: [1] },
  // @ts-expect-error a list
  { id__in: 1 },
  // @ts-expect-error a null check is true or false
  { id__is_null: 'true' },
  // @ts-expect-error a column that is never null
  { subject: null },
  // @ts-expect-error a list column has no order
  { labels__gt: 'a' },
  // @ts-expect-error an element of the list
  { labels__contains: 1 },
  // @ts-expect-error a relation is compared with null only
  { assignee: 1 },
  // @ts-expect-error no such column of the related row
  { 'assignee.nmae': 'x' },
  // @ts-expect-error a group is a list
  { $or: { id: 1 } },
  // @ts-expect-error no such column in a group
  { $or: [{ subjct: 'x' }] },
  // @ts-expect-error no such column in a negation
  { $not: { subjct: 'x' } },
  // @ts-expect-error the filter of other rows
  { $and: [filterBy<TagRow>()] },
];

// Columns that rows do not show.
export const more: Filters<TicketRow & { comments: { body: string }[] }> = { 'comments.body__contains': 'x', id: 1 };

// The columns of an entity are known too, if the client lives beside the server.
export const ofEntity: Filters<Ticket> = { createdAt__gte: new Date(), 'assignee.name': 'Ada', subject__contains: 'x' };

// Without a type of rows no column is known.
// @ts-expect-error no such column
toFilters({ subject: 'x' });

const tickets = filterBy<TicketRow>();
tickets.where('priority', 'urgent').where('id', 'gte', 2).where('assigneeId', null).where('assignee', null);
tickets.where('assignee.email', 'ends_with', '@acme.example').where('tags', 'is_null', true);
tickets.where('id', 'between', [1, 2]).and({ urgent: true }).or({ id: 1 }, tickets).not({ id: 3 });
// @ts-expect-error no such column
tickets.where('subjct', 'x');
// @ts-expect-error no such operator
tickets.where('id', 'contains', 1);
// @ts-expect-error another type
tickets.where('id', '1');
// @ts-expect-error another type
tickets.where('id', 'gte', '1');
// @ts-expect-error no such member of the enum
tickets.where('priority', 'in', ['urgnt']);
// @ts-expect-error never null
tickets.where('id', null);
// @ts-expect-error a list column is equal to no value
tickets.where('labels', ['late']);

expectTypeOf<RelationPath<TagRow>>().toEqualTypeOf<never>();
expectTypeOf<RelationPath<TicketRow>>()
  .extract<'assignee' | 'assignee.tickets.tags'>()
  .toEqualTypeOf<'assignee' | 'assignee.tickets.tags'>();
expectTypeOf<RowPath<TagRow>>().toEqualTypeOf<'id' | 'name'>();
expectTypeOf<RowPath<Agent>>().extract<'tickets.assignee.name'>().toEqualTypeOf<'tickets.assignee.name'>();

toSort<TicketRow>('-createdAt', 'assignee.email__nullslast', 'id__desc__nullsfirst', '-assigneeId__nullslast');
// @ts-expect-error no such column
toSort<TicketRow>('-creatdAt');
// @ts-expect-error no such order
toSort<TicketRow>('id__up');
expectTypeOf<SortKey<TagRow>>().extract<'-name' | 'id__asc'>().toEqualTypeOf<'-name' | 'id__asc'>();

expectTypeOf(
  toQuery<TicketRow>({ filters: tickets, sort: ['-id'], include: ['assignee'], fields: ['id'], cursor: '', limit: 5 }),
).toEqualTypeOf<Record<string, string>>();
// @ts-expect-error a column is no relation
toQuery<TicketRow>({ include: ['subject'] });
// @ts-expect-error no such field
toQuery<TicketRow>({ fields: ['subjct'] });
// @ts-expect-error no such mode
toQuery<TicketRow>({ count: 'all' });

interface OffsetPage {
  items: TicketRow[];
  total?: number;
  limit: number;
}
interface TicketPage {
  items: TicketRow[];
  limit: number;
  nextCursor: string | null;
  prevCursor: string | null;
}
declare function readTickets(query: { cursor: string }, signal?: AbortSignal): Promise<TicketPage>;
declare function readEither(query: { cursor: string }): Promise<OffsetPage | TicketPage>;

export async function pages(signal: AbortSignal): Promise<void> {
  for await (const page of iteratePages((cursor) => readTickets({ cursor }), { signal, cursor: 'x' }))
    expectTypeOf(page).toEqualTypeOf<TicketPage>();
  for await (const ticket of iterateRows((cursor, aborted) => readTickets({ cursor }, aborted)))
    expectTypeOf(ticket).toEqualTypeOf<TicketRow>();
  for await (const ticket of iterateRows((cursor) => readEither({ cursor }))) expectTypeOf(ticket.id).toBeNumber();
  // @ts-expect-error rows are no page
  for await (const _ of iterateRows(() => Promise.resolve([{ id: 1 }])));
  const options = infinitePages((cursor) => readTickets({ cursor }));
  expectTypeOf(options.getNextPageParam).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf(await options.queryFn({ pageParam: '', signal })).toEqualTypeOf<TicketPage>();
}

type Result<Data> =
  | { data: Data; error?: undefined; response: Response }
  | { data?: undefined; error: { statusCode: number }; response: Response };

export function errors(thrown: unknown, page: Result<TicketPage>, gone: Result<undefined>): string {
  expectTypeOf(unwrap(page)).toEqualTypeOf<TicketPage>();
  expectTypeOf(unwrap(gone)).toEqualTypeOf<undefined>();
  const problem = problemOf(thrown);
  if (problem === undefined) return '';
  expectTypeOf(problem).toEqualTypeOf<ApiProblem>();
  expectTypeOf(new ApiError(problem).problem).toEqualTypeOf<ApiProblem>();
  switch (problem.kind) {
    case 'invalid':
      expectTypeOf(problem.status).toEqualTypeOf<400 | 422>();
      return (fieldMessages(problem, ['subject', 'priority']).fields.subject ?? []).join();
    case 'conflict':
      return problem.errors.map(({ field = '' }) => field).join();
    case 'unavailable':
    case 'too-many-requests':
      expectTypeOf(problem.retryAfter).toEqualTypeOf<number | undefined>();
      return String(problem.retryAfter);
    case 'precondition-failed':
      // @ts-expect-error repeating the same request does not help
      return String(problem.retryAfter);
    case 'unauthenticated':
    case 'forbidden':
    case 'not-found':
    case 'precondition-required':
    case 'other':
      return problem.message;
  }
}
