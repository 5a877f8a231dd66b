// @dataui/crud, filtered by its own `@CrudAuth`.
import { Controller, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudAuth } from '@dataui/crud';
import { TypeOrmCrudService } from '@dataui/crud-typeorm';
import type { Repository } from 'typeorm';
import { CreateTicket, UpdateTicket } from '../common/bodies.js';
import { ORM_OPTIONS } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';
import { organizationOf } from '../common/organization.js';
import { serve } from '../common/serve.js';

type Request = { headers: Record<string, unknown> };

@Injectable()
class TicketsService extends TypeOrmCrudService<Ticket> {
  constructor(@InjectRepository(Ticket) tickets: Repository<Ticket>) {
    super(tickets);
  }
}

@Crud({
  model: { type: Ticket },
  dto: { create: CreateTicket, update: UpdateTicket },
  params: { id: { field: 'id', type: 'string', primary: true } },
  query: {
    sort: [
      { field: 'createdAt', order: 'DESC' },
      { field: 'id', order: 'DESC' },
    ],
    join: { assignee: {}, comments: {} },
  },
})
@CrudAuth({
  filter: (request: Request) => ({ organizationId: organizationOf(request) }),
  persist: (request: Request) => ({ organizationId: organizationOf(request) }),
})
@Controller('tickets')
class TicketsController {
  constructor(readonly service: TicketsService) {}
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...ORM_OPTIONS, entities: [Member, Project, Ticket, Comment] }),
    TypeOrmModule.forFeature([Ticket]),
  ],
  providers: [TicketsService],
  controllers: [TicketsController],
})
class AppModule {}

void NestFactory.create(AppModule, { logger: ['error', 'warn'] }).then(serve);
