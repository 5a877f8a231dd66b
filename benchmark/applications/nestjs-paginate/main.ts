// nestjs-paginate, which makes lists alone. It counts every list but one by cursor.
import { Controller, Get, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  FilterOperator,
  paginate,
  Paginate,
  type Paginated,
  type PaginateQuery,
  PaginationType,
} from 'nestjs-paginate';
import type { Repository } from 'typeorm';
import { ORM_OPTIONS } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';
import { organizationOf } from '../common/organization.js';
import { serve } from '../common/serve.js';

type Request = { headers: Record<string, unknown> };

@Controller()
class TicketsController {
  constructor(@InjectRepository(Ticket) private readonly tickets: Repository<Ticket>) {}

  @Get('tickets')
  list(@Req() request: Request, @Paginate() query: PaginateQuery): Promise<Paginated<Ticket>> {
    return this.page(request, query, {});
  }

  @Get('tickets-uncounted')
  listUncounted(@Req() request: Request, @Paginate() query: PaginateQuery): Promise<Paginated<Ticket>> {
    return this.page(request, query, { paginationType: PaginationType.CURSOR });
  }

  @Get('tickets-with-assignee')
  listWithAssignee(@Req() request: Request, @Paginate() query: PaginateQuery): Promise<Paginated<Ticket>> {
    return this.page(request, query, { paginationType: PaginationType.CURSOR, relations: ['assignee'] });
  }

  @Get('tickets-with-comments')
  listWithComments(@Req() request: Request, @Paginate() query: PaginateQuery): Promise<Paginated<Ticket>> {
    return this.page(request, query, { paginationType: PaginationType.TAKE_AND_SKIP, relations: ['comments'] });
  }

  private page(
    request: Request,
    query: PaginateQuery,
    options: { paginationType?: PaginationType; relations?: ('assignee' | 'comments')[] },
  ): Promise<Paginated<Ticket>> {
    return paginate(query, this.tickets, {
      sortableColumns: ['createdAt', 'id'],
      defaultSortBy: [
        ['createdAt', 'DESC'],
        ['id', 'DESC'],
      ],
      filterableColumns: { status: [FilterOperator.EQ], priority: [FilterOperator.GTE] },
      maxLimit: 100,
      where: { organizationId: organizationOf(request) },
      ...options,
    });
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...ORM_OPTIONS, entities: [Member, Project, Ticket, Comment] }),
    TypeOrmModule.forFeature([Ticket]),
  ],
  controllers: [TicketsController],
})
class AppModule {}

void NestFactory.create(AppModule, { logger: ['error', 'warn'] }).then(serve);
