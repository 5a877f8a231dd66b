import { Injectable, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { InjectRepository } from '@nestjs/typeorm';
import { Unscoped } from 'nestjs-muck';
import type { Repository } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { passwordMatches } from '../accounts/password.js';
import { User } from '../users/user.entity.js';
import type { Membership, SignedInUser, WhoAmI } from './signed-in-user.js';

interface TokenClaims {
  /** The account's id. Who it is and may do is read anew for each request, so that a change takes effect at once. */
  sub: string;
}

/** Compared with when there is no such account, so that the response takes as long. No password matches it. */
const NO_ACCOUNT_HASH = `scrypt:${'A'.repeat(22)}==:${'A'.repeat(43)}=`;

/** Turns a password into an access token, and an access token into who sent it. */
@Injectable()
export class SessionService {
  constructor(
    @InjectRepository(Account) private readonly accounts: Repository<Account>,
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly jwt: JwtService,
  ) {}

  /**
   * @returns an access token
   * @throws UnauthorizedException the same one for an unknown address and a wrong password
   */
  async signIn(email: string, password: string): Promise<string> {
    const account = await this.accounts.findOne({
      where: { email: email.trim().toLowerCase() },
      select: { id: true, passwordHash: true },
    });
    const matches = await passwordMatches(password, account?.passwordHash ?? NO_ACCOUNT_HASH);
    if (account === null || !matches) throw new UnauthorizedException();
    return this.jwt.signAsync({ sub: String(account.id) } satisfies TokenClaims);
  }

  /**
   * @returns undefined for a token that is not ours, has run out, or names an account that is gone
   */
  async userOf(accessToken: string): Promise<SignedInUser | undefined> {
    const accountId = await this.accountIdIn(accessToken);
    if (accountId === undefined) return undefined;
    const account = await this.accounts.findOneBy({ id: accountId });
    if (account === null) return undefined;
    return {
      accountId,
      email: account.email,
      platformAdmin: account.platformAdmin,
      membership: await this.membershipOf(accountId),
    };
  }

  /** Users belong to tenants, and which tenant this is about is what we are here to find out. */
  @Unscoped('loads the membership of the account that signed in')
  private async membershipOf(accountId: number): Promise<Membership | undefined> {
    const user = await this.users.findOne({ where: { accountId }, order: { id: 'ASC' } });
    return user === null ? undefined : { userId: user.id, organizationId: user.organizationId, role: user.role };
  }

  /** Tells a signed-in user who they are: an account has at most one user, and is told of no other. */
  @Unscoped('describes the account that signed in')
  async describe({ accountId, email, platformAdmin }: SignedInUser): Promise<WhoAmI> {
    const user = await this.users.findOne({ where: { accountId }, relations: { organization: true } });
    return {
      email,
      platformAdmin,
      user: user && { id: user.id, name: user.name, role: user.role },
      organization: user && { id: user.organization.id, name: user.organization.name },
    };
  }

  private async accountIdIn(accessToken: string): Promise<number | undefined> {
    try {
      const { sub } = await this.jwt.verifyAsync<TokenClaims>(accessToken);
      return Number(sub);
    } catch {
      return undefined;
    }
  }
}
