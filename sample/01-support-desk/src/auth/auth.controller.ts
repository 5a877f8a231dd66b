import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { LoginDto } from './login.dto.js';
import { SessionService } from './session.service.js';

@Controller('auth')
export class AuthController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login')
  @HttpCode(200)
  async login(@Body() { email, password }: LoginDto): Promise<{ accessToken: string }> {
    return { accessToken: await this.sessions.signIn(email, password) };
  }
}
