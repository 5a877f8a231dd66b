import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { CreateTicketDto } from './dto/create-ticket.dto.js';
import { SupportTicket } from './support-ticket.entity.js';

/** The tickets of the caller's organization. */
@Controller('support-tickets')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(SupportTicket, {
  dto: { create: CreateTicketDto },
  search: ['subject'],
  sort: ['orderNumber', 'subject', 'priority', 'status', 'createdAt', 'updatedAt'],
})
export class SupportTicketsController extends CrudController<SupportTicket> {}
