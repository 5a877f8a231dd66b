import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiOkResponse, ApiSecurity, ApiUnauthorizedResponse } from '@nestjs/swagger';
import { ERROR } from '../docs/described-answers.js';
import { LoginDto } from './login.dto.js';
import { SessionService } from './session.service.js';

@Controller('auth')
export class AuthController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login')
  @HttpCode(200)
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
}
