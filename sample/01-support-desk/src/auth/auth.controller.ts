import { Body, Controller, Get, Header, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { ERROR, PRIVATE } from '../docs/described-answers.js';
import { AuthGuard } from './auth.guard.js';
import { LoginDto } from './login.dto.js';
import { SessionService } from './session.service.js';
import type { SignedInRequest, WhoAmI } from './signed-in-user.js';
import { WHO_AM_I } from './who-am-i.schema.js';

@Controller('auth')
export class AuthController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login')
  @HttpCode(200)
  @ApiOperation({ summary: 'A token for an e-mail address and a password' })
  @ApiSecurity({})
  @ApiOkResponse({
    description: 'Whom the token names is read anew for each request.',
    schema: { type: 'object', properties: { accessToken: { type: 'string' } }, required: ['accessToken'] },
  })
  @ApiBadRequestResponse({ description: 'Something is missing.', schema: ERROR })
  @ApiUnauthorizedResponse({
    description: 'There is no such account, or it has another password.',
    schema: ERROR,
  })
  async login(@Body() { email, password }: LoginDto): Promise<{ accessToken: string }> {
    return { accessToken: await this.sessions.signIn(email, password) };
  }

  @Get('me')
  @UseGuards(AuthGuard)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'The signed-in account' })
  @ApiOkResponse({
    description: 'The account, and its user if it belongs to an organization.',
    headers: PRIVATE,
    schema: WHO_AM_I,
  })
  @ApiUnauthorizedResponse({ description: 'The request is not authenticated.', schema: ERROR })
  me(@Req() { user }: SignedInRequest): Promise<WhoAmI> {
    return this.sessions.describe(user!);
  }
}
