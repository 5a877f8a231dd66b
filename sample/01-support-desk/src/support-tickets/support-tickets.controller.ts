import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { CreateTicketDto } from './dto/create-ticket.dto.js';
import { SupportTicket } from './support-ticket.entity.js';
import { TicketHistory } from './ticket-history.js';

/** The tickets of the caller's organization. A deleted one can be brought back: its rows are only marked. */
@Controller('support-tickets')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(SupportTicket, {
  also: ['restore'],
  dto: { create: CreateTicketDto },
  search: ['subject'],
  filter: [
    'id',
    'orderNumber',
    'subject',
    'priority',
    'status',
    'assigneeId',
    'assignee.name',
    'assignee.email',
    'tags.id',
    'tags.name',
    'comments.body',
    'createdAt',
    'updatedAt',
  ],
  sort: ['orderNumber', 'subject', 'priority', 'status', 'assignee.name', 'createdAt', 'updatedAt'],
  include: ['assignee', 'tags', 'resolution'],
  links: ['tags'],
  hooks: [TicketHistory],
})
export class SupportTicketsController extends CrudController<SupportTicket> {}
