// Without a library: Nest with the driver and prepared statements.
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Module,
  NotFoundException,
  Param,
  ParseArrayPipe,
  Patch,
  Post,
  Query,
  Req,
  ValidationPipe,
} from '@nestjs/common';
import pg from 'pg';
import { CreateTicket, UpdateTicket } from '../common/bodies.js';
import { DRIVER_OPTIONS } from '../common/database.js';
import { organizationOf } from '../common/organization.js';
import { serve } from '../common/serve.js';
import { createApplication } from './adapter.js';
import { readCursor, writeCursor, type ListParameters } from './list-request.js';

type Request = { headers: Record<string, unknown> };

interface Ticket {
  id: string;
  createdAt: Date;
}

const COLUMNS = ['id', 'organization_id', 'project_id', 'assignee_id', 'subject', 'status', 'priority', 'created_at'];
const NAMES = ['id', 'organizationId', 'projectId', 'assigneeId', 'subject', 'status', 'priority', 'createdAt'];
const SHOWN = COLUMNS.map((column, i) => `t.${column} AS "${NAMES[i]}"`).join(', ');
const ASSIGNEE = 'm.id AS "m_id", m.organization_id AS "m_organizationId", m.name AS "m_name", m.email AS "m_email"';
const WRITTEN = ['organization_id', 'project_id', 'assignee_id', 'subject', 'status', 'priority'];

@Controller('tickets')
class TicketsController {
  private readonly pool = new pg.Pool(DRIVER_OPTIONS);

  @Get()
  async list(@Req() request: Request, @Query() query: ListParameters): Promise<object> {
    const organization = organizationOf(request);
    const limit = Number(query.limit);
    if (query.cursor !== undefined) return this.pageAt(query.cursor, organization, limit);
    const [conditions, values] = conditionsOf(query, organization);
    const items = await this.page(query, conditions, values, limit);
    if (query.count === 'none') return { items, limit, offset: 0 };
    const total = await this.run<{ n: number }>(
      `total ${conditions.length}`,
      `SELECT count(*)::int AS n FROM ticket t WHERE ${conditions.join(' AND ')}`,
      values,
    );
    return { items, total: total[0]?.n, limit, offset: 0 };
  }

  @Get(':id')
  async read(@Req() request: Request, @Param('id') id: string): Promise<Ticket> {
    const text = `SELECT ${SHOWN} FROM ticket t WHERE t.id = $1 AND t.organization_id = $2`;
    return found(await this.run<Ticket>('read', text, [id, organizationOf(request)]));
  }

  @Post()
  async create(@Req() request: Request, @Body() body: CreateTicket): Promise<Ticket> {
    return found(await this.insert([body], organizationOf(request)));
  }

  @Post('bulk')
  createMany(
    @Req() request: Request,
    @Body(new ParseArrayPipe({ items: CreateTicket, whitelist: true })) bodies: CreateTicket[],
  ): Promise<Ticket[]> {
    return this.insert(bodies, organizationOf(request));
  }

  @Patch(':id')
  async update(@Req() request: Request, @Param('id') id: string, @Body() body: UpdateTicket): Promise<Ticket> {
    const keys = (['subject', 'status', 'priority'] as const).filter((key) => body[key] !== undefined);
    const changes = keys.map((key, i) => `${key} = $${i + 3}`).join(', ');
    const text = `UPDATE ticket t SET ${changes} WHERE t.id = $1 AND t.organization_id = $2 RETURNING ${SHOWN}`;
    const values = [id, organizationOf(request), ...keys.map((key) => body[key])];
    return found(await this.run<Ticket>(`update ${keys.join()}`, text, values));
  }

  @Delete(':id')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('id') id: string): Promise<void> {
    const text = 'DELETE FROM ticket WHERE id = $1 AND organization_id = $2 RETURNING id';
    found(await this.run<Ticket>('remove', text, [id, organizationOf(request)]));
  }

  private async page(query: ListParameters, conditions: string[], values: unknown[], limit: number): Promise<object[]> {
    const direction = query.sort === 'createdAt,id' ? 'ASC' : 'DESC';
    const isJoined = query.include === 'assignee';
    const text =
      `SELECT ${SHOWN}${isJoined ? `, ${ASSIGNEE}` : ''} FROM ticket t` +
      (isJoined ? ' LEFT JOIN member m ON m.id = t.assignee_id AND m.organization_id = t.organization_id' : '') +
      ` WHERE ${conditions.join(' AND ')} ORDER BY t.created_at ${direction}, t.id ${direction} LIMIT $${values.length + 1}`;
    const name = `page ${conditions.length} ${direction} ${String(isJoined)}`;
    const rows = await this.run<Record<string, unknown>>(name, text, [...values, limit]);
    if (isJoined) return rows.map(withAssignee);
    return query.include === 'comments' ? this.withComments(rows, values[0]) : rows;
  }

  private async withComments(tickets: Record<string, unknown>[], organization: unknown): Promise<object[]> {
    const text =
      'SELECT id, organization_id AS "organizationId", ticket_id AS "ticketId", author_id AS "authorId", body ' +
      'FROM comment WHERE organization_id = $1 AND ticket_id = ANY ($2) ORDER BY id';
    const ids = tickets.map(({ id }) => id);
    const comments = await this.run<{ ticketId: string }>('comments', text, [organization, ids]);
    const byTicket = new Map<unknown, object[]>(ids.map((id) => [id, []]));
    for (const comment of comments) byTicket.get(comment.ticketId)?.push(comment);
    return tickets.map((ticket) => ({ ...ticket, comments: byTicket.get(ticket['id']) }));
  }

  /** A row more than the page tells whether there is a next one. */
  private async pageAt(cursor: string, organization: number, limit: number): Promise<object> {
    const after = readCursor(cursor);
    const text =
      `SELECT ${SHOWN} FROM ticket t WHERE t.organization_id = $1` +
      (after === undefined ? '' : ' AND (t.created_at, t.id) < ($3, $4)') +
      ' ORDER BY t.created_at DESC, t.id DESC LIMIT $2';
    const values = [organization, limit + 1, ...(after === undefined ? [] : [after.createdAt, after.id])];
    const rows = await this.run<Ticket>(after === undefined ? 'first page' : 'page after', text, values);
    const items = rows.slice(0, limit);
    return { items, limit, nextCursor: writeCursor(rows.length > limit ? items.at(-1) : undefined), prevCursor: null };
  }

  private insert(bodies: CreateTicket[], organization: number): Promise<Ticket[]> {
    const width = WRITTEN.length;
    const places = bodies.map((_, row) => `(${WRITTEN.map((_, i) => `$${row * width + i + 1}`).join(', ')})`);
    const text = `INSERT INTO ticket AS t (${WRITTEN.join(', ')}) VALUES ${places.join(', ')} RETURNING ${SHOWN}`;
    const values = bodies.flatMap(({ projectId, assigneeId, subject, status, priority }) => [
      ...[organization, projectId, assigneeId, subject, status, priority],
    ]);
    return this.run<Ticket>(`insert ${bodies.length}`, text, values);
  }

  private async run<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>({ name, text, values });
    return rows;
  }
}

function conditionsOf(query: ListParameters, organization: number): [string[], unknown[]] {
  const conditions = ['t.organization_id = $1'];
  const values: unknown[] = [organization];
  if (query.status !== undefined) conditions.push(`t.status = $${values.push(query.status)}`);
  if (query.priority__gte !== undefined) conditions.push(`t.priority >= $${values.push(Number(query.priority__gte))}`);
  return [conditions, values];
}

function withAssignee(row: Record<string, unknown>): object {
  const { m_id: id, m_organizationId: organizationId, m_name: name, m_email: email, ...ticket } = row;
  return { ...ticket, assignee: id === null ? null : { id, organizationId, name, email } };
}

function found<Row>([row]: Row[]): Row {
  if (row === undefined) throw new NotFoundException();
  return row;
}

@Module({ controllers: [TicketsController] })
class AppModule {}

const app = await createApplication(AppModule);
app.useGlobalPipes(new ValidationPipe({ whitelist: true }));
await serve(app);
