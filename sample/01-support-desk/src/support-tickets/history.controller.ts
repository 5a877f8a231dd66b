import { Controller, UseGuards } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { HistoryEntry } from './history-entry.entity.js';

/** What became of a ticket, to read only: `TicketHistory` writes it. */
@ApiParam({ name: 'ticketId', example: 2 })
@ApiParam({ name: 'id', example: 2 })
@Controller('support-tickets/:ticketId/history')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(HistoryEntry, {
  parent: { relation: 'ticket' },
  only: ['findAll', 'findOne'],
  sort: ['createdAt'],
  include: ['author'],
})
export class HistoryController extends CrudController<HistoryEntry> {}
