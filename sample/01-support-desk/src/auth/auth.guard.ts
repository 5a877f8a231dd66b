import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { SessionService } from './session.service.js';
import type { SignedInRequest } from './signed-in-user.js';

interface HeaderBag {
  headers: { authorization?: string };
}

interface HeaderSetter {
  header(name: string, value: string): unknown;
}

/** Lets a request pass that carries a valid access token, and puts who sent it on `request.user`. All others get the same 401. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<SignedInRequest & HeaderBag>();
    const token = bearerToken(request.headers.authorization);
    request.user = token === undefined ? undefined : await this.sessions.userOf(token);
    if (request.user === undefined) {
      // RFC 9110, section 15.5.2: a 401 names the scheme to use.
      http.getResponse<HeaderSetter>().header('WWW-Authenticate', 'Bearer');
      throw new UnauthorizedException();
    }
    return true;
  }
}

/** The token of `Authorization: Bearer <token>`. The scheme is written in any case (RFC 9110, section 11.1). */
function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
}
