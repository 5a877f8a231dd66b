// Without a library: Nest with TypeORM's repositories.
import {
  Body,
  ClassSerializerInterceptor,
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
import { Reflector } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { LessThan, MoreThanOrEqual, type FindManyOptions, type FindOptionsWhere, type Repository } from 'typeorm';
import { CreateTicket, UpdateTicket } from '../common/bodies.js';
import { ORM_OPTIONS } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';
import { organizationOf } from '../common/organization.js';
import { serve } from '../common/serve.js';
import { createApplication } from './adapter.js';
import { readCursor, writeCursor, type ListParameters } from './list-request.js';
import { enrichTickets, isRich, TimingInterceptor } from './rich.js';

type Request = { headers: Record<string, unknown> };

@Controller('tickets')
class TicketsController {
  constructor(@InjectRepository(Ticket) private readonly tickets: Repository<Ticket>) {}

  @Get()
  async list(@Req() request: Request, @Query() query: ListParameters): Promise<object> {
    const limit = Number(query.limit);
    const options = optionsOf(organizationOf(request), query, limit);
    if (query.cursor !== undefined) return this.pageAt(query.cursor, options, limit);
    if (query.count === 'none') return { items: await this.tickets.find(options), limit, offset: 0 };
    const [items, total] = await this.tickets.findAndCount(options);
    return { items, total, limit, offset: 0 };
  }

  @Get(':id')
  async read(@Req() request: Request, @Param('id') id: string): Promise<Ticket> {
    const ticket = await this.tickets.findOneBy({ id, organizationId: organizationOf(request) });
    if (ticket === null) throw new NotFoundException();
    return ticket;
  }

  @Post()
  create(@Req() request: Request, @Body() body: CreateTicket): Promise<Ticket> {
    return this.tickets.save(this.tickets.create({ ...body, organizationId: organizationOf(request) }));
  }

  @Post('bulk')
  createMany(
    @Req() request: Request,
    @Body(new ParseArrayPipe({ items: CreateTicket, whitelist: true })) bodies: CreateTicket[],
  ): Promise<Ticket[]> {
    const organizationId = organizationOf(request);
    return this.tickets.save(this.tickets.create(bodies.map((body) => ({ ...body, organizationId }))));
  }

  @Patch(':id')
  async update(@Req() request: Request, @Param('id') id: string, @Body() body: UpdateTicket): Promise<Ticket> {
    const ticket = await this.read(request, id);
    return this.tickets.save(this.tickets.merge(ticket, body));
  }

  @Delete(':id')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('id') id: string): Promise<void> {
    const { affected } = await this.tickets.delete({ id, organizationId: organizationOf(request) });
    if (affected === 0) throw new NotFoundException();
  }

  /** A row more than the page tells whether there is a next one. */
  private async pageAt(cursor: string, options: FindManyOptions<Ticket>, limit: number): Promise<object> {
    const after = readCursor(cursor);
    const base = options.where as FindOptionsWhere<Ticket>;
    const where =
      after === undefined
        ? base
        : [
            { ...base, createdAt: LessThan(new Date(after.createdAt)) },
            { ...base, createdAt: new Date(after.createdAt), id: LessThan(after.id) },
          ];
    const rows = await this.tickets.find({ ...options, where, take: limit + 1 });
    const items = rows.slice(0, limit);
    return { items, limit, nextCursor: writeCursor(rows.length > limit ? items.at(-1) : undefined), prevCursor: null };
  }
}

function optionsOf(organizationId: number, query: ListParameters, take: number): FindManyOptions<Ticket> {
  const where: FindOptionsWhere<Ticket> = { organizationId };
  if (query.status !== undefined) where.status = query.status;
  if (query.priority__gte !== undefined) where.priority = MoreThanOrEqual(Number(query.priority__gte));
  const direction = query.sort === 'createdAt,id' ? 'ASC' : 'DESC';
  const order: FindManyOptions<Ticket>['order'] = { createdAt: direction, id: direction };
  if (query.include === 'assignee') return { where, order, take, relations: { assignee: true } };
  if (query.include === 'comments')
    return { where, order: { ...order, comments: { id: 'ASC' } }, take, relations: { comments: true } };
  return { where, order, take };
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...ORM_OPTIONS, entities: [Member, Project, Ticket, Comment] }),
    TypeOrmModule.forFeature([Ticket]),
  ],
  controllers: [TicketsController],
})
class AppModule {}

if (isRich) enrichTickets();
const app = await createApplication(AppModule);
app.useGlobalPipes(new ValidationPipe({ whitelist: true }));
if (isRich) app.useGlobalInterceptors(new TimingInterceptor(), new ClassSerializerInterceptor(app.get(Reflector)));
await serve(app);
