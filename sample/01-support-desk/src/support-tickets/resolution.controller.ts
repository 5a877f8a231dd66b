import { Controller, UseGuards } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { ResolutionDto } from './dto/resolution.dto.js';
import { Resolution } from './resolution.entity.js';

/** How a ticket ended: one row at most, so its path needs no id. */
@ApiParam({ name: 'ticketId', example: 5 })
@Controller('support-tickets/:ticketId/resolution')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(Resolution, { parent: { relation: 'ticket' }, oneToOne: true, dto: { create: ResolutionDto } })
export class ResolutionController extends CrudController<Resolution> {}
