import {
  Controller,
  Get,
  Headers,
  HttpCode,
  InternalServerErrorException,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { StatementRefusedError, TenantScoped, TenantScopeViolationError } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { AttemptsService } from './attempts.service.js';
import { keyOf } from './record-statements.middleware.js';
import { StatementLog, type SentStatement } from './statement-log.js';

/** For the page on isolation: what a service does that never names a tenant, and the statements that a request has sent. */
@Controller('isolation')
@TenantScoped()
@UseGuards(AuthGuard)
@ApiExcludeController()
export class AttemptsController {
  constructor(private readonly attempts: AttemptsService) {}

  @Get('without-where')
  withoutWhere() {
    return this.attempts.withoutWhere();
  }

  @Get('of-other')
  ofOther(@Query('organization', ParseIntPipe) organization: number) {
    return this.attempts.ofOther(organization);
  }

  @Get('or-true')
  orTrue() {
    return this.attempts.orTrue();
  }

  @Get('report')
  report() {
    return this.attempts.report();
  }

  @Get('raw-sql')
  rawSql() {
    return told(() => this.attempts.rawSql());
  }

  @Post('move')
  @HttpCode(204)
  move(@Query('organization', ParseIntPipe) organization: number, @Query('ticket', ParseIntPipe) ticket: number) {
    return told(() => this.attempts.moveTo(organization, ticket));
  }
}

/** The platform's account reads its statements too, so there is no tenant to scope to. */
@Controller('isolation/statements')
@UseGuards(AuthGuard)
@ApiExcludeController()
export class StatementsController {
  constructor(private readonly log: StatementLog) {}

  /** @returns the statements of a request that was sent with this name and the same token */
  @Get(':name')
  statements(@Param('name') name: string, @Headers('authorization') authorization: string): readonly SentStatement[] {
    const statements = this.log.of(keyOf(name, authorization));
    if (statements === undefined) throw new NotFoundException();
    return statements;
  }
}

/** A refusal is a 500 without a word for clients, and told in the log. Here the page shows it; it holds no value of any row. */
async function told<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StatementRefusedError || error instanceof TenantScopeViolationError)
      throw new InternalServerErrorException(error.message);
    throw error;
  }
}
