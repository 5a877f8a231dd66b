import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiForbiddenResponse, ApiOkResponse, ApiOperation, ApiUnauthorizedResponse } from '@nestjs/swagger';
import { InjectRepository } from '@nestjs/typeorm';
import { TenantScoped } from 'nestjs-muck';
import type { Repository } from 'typeorm';
import { AuthGuard } from '../auth/auth.guard.js';
import { ERROR, PRIVATE } from '../docs/described-answers.js';
import { Organization } from './organization.entity.js';

/**
 * The caller's own organization: an ordinary controller with an ordinary repository. The query names no tenant, and still finds
 * one organization, since no other exists for this request.
 */
@Controller('organization')
@TenantScoped()
@UseGuards(AuthGuard)
export class OrganizationController {
  constructor(@InjectRepository(Organization) private readonly organizations: Repository<Organization>) {}

  @Get()
  @ApiOperation({ summary: "The caller's organization" })
  @ApiOkResponse({
    description: 'The organization.',
    headers: PRIVATE,
    schema: {
      type: 'object',
      properties: { id: { type: 'integer' }, name: { type: 'string' } },
      required: ['id', 'name'],
    },
  })
  @ApiUnauthorizedResponse({ description: 'The request is not authenticated.', schema: ERROR })
  @ApiForbiddenResponse({
    description: 'The account belongs to no organization.',
    headers: PRIVATE,
    schema: ERROR,
  })
  find(): Promise<Organization> {
    return this.organizations.findOneOrFail({ where: {} });
  }
}
