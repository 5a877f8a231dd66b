import { Controller, Req, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped, type EntityId } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import type { SignedInRequest } from '../auth/signed-in-user.js';
import { DeletedTicketsGuard } from './deleted-tickets.guard.js';
import { CreateTicketDto } from './dto/create-ticket.dto.js';
import { SupportTicket } from './support-ticket.entity.js';
import { TicketHistory } from './ticket-history.js';

/** The tickets of the caller's organization. A deleted one can be restored: it keeps its rows. Administrators list those that are deleted. */
@Controller('support-tickets')
@TenantScoped()
@UseGuards(AuthGuard, DeletedTicketsGuard)
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
  sort: ['orderNumber', 'subject', 'priority', 'status', 'assignee.name', 'createdAt', 'updatedAt', 'deletedAt'],
  deleted: true,
  include: ['assignee', 'tags', 'resolution'],
  links: ['tags'],
  hooks: [TicketHistory],
})
export class SupportTicketsController extends CrudController<SupportTicket> {
  constructor(private readonly history: TicketHistory) {
    super();
  }

  linkTags(id: EntityId, tagId: EntityId, @Req() request: SignedInRequest): Promise<void> {
    return this.history.ofTags(id, request, () => this.service.link(id, 'tags', tagId));
  }

  unlinkTags(id: EntityId, tagId: EntityId, @Req() request: SignedInRequest): Promise<void> {
    return this.history.ofTags(id, request, () => this.service.unlink(id, 'tags', tagId));
  }
}
