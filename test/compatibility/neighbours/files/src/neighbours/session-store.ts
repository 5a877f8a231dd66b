import assert from 'node:assert/strict';
import { Body, Controller, Get, Injectable, Post, Req, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { TypeormStore } from 'connect-typeorm';
import type { ISession } from 'connect-typeorm';
import session from 'express-session';
import { TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, DataSource, DeleteDateColumn, Entity, Index, PrimaryColumn, Repository } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Entity()
@TenantShared('sessions: read before anybody knows whose they are')
class Session implements ISession {
  @Index() @Column('bigint') expiredAt: number = Date.now();
  @PrimaryColumn('varchar', { length: 255 }) id: string = '';
  @Column('text') json: string = '';
  @DeleteDateColumn() destroyedAt?: Date;
}

interface SessionRequest {
  session: { organizationId?: number; destroy(done: (error?: Error) => void): void };
  user?: object;
}

/** The tenant is the session's. */
@Injectable()
class SessionGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<SessionRequest>();
    request.user = { organizationId: request.session.organizationId };
    return request.session.organizationId !== undefined;
  }
}

@Controller()
class SessionController {
  @Post('sign-in')
  signIn(@Req() request: SessionRequest, @Body() { organizationId }: { organizationId: number }) {
    request.session.organizationId = organizationId;
    return {};
  }

  @Post('sign-out')
  async signOut(@Req() request: SessionRequest) {
    await new Promise<void>((resolve, reject) =>
      request.session.destroy((error) => (error ? reject(error) : resolve())),
    );
    return {};
  }
}

@Controller('notes')
@UseGuards(SessionGuard)
@TenantScoped()
class NotesController {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  @Post()
  create(@Body() { noteText }: { noteText: string }) {
    return this.notes.save({ noteText });
  }

  @Get()
  list() {
    return this.notes.find();
  }
}

const neighbour: Neighbour = {
  packages: ['connect-typeorm', 'express-session'],
  attempts: {
    'TypeormStore over a shared entity: sign in, requests of two tenants, sign out': () =>
      within(
        {
          entities: [Note, Session],
          controllers: [SessionController, NotesController],
          configure: (app) => {
            const store = new TypeormStore({ cleanupLimit: 2, ttl: 3600 }).connect(
              app.get(DataSource).getRepository(Session),
            );
            app.use(session({ secret: 'neighbours', resave: false, saveUninitialized: false, store }));
          },
        },
        async ({ send, texts }) => {
          const cookies = new Map<number, string>();
          for (const organizationId of [1, 2]) {
            const { status, headers } = await send(0, 'POST', '/sign-in', { organizationId });
            assert.equal(status, 201);
            cookies.set(organizationId, headers.get('set-cookie')!.split(';', 1)[0]);
          }
          for (const [organization, cookie] of cookies) {
            const made = await send(0, 'POST', '/notes', { noteText: `by ${organization}` }, { cookie });
            assert.deepEqual([made.status, made.body.organizationId], [201, organization]);
            assert.equal((await send(0, 'GET', '/notes', undefined, { cookie })).body.length, 1);
          }
          assert.deepEqual([await texts(ACME), await texts(GLOBEX)], [['by 1'], ['by 2']]);
          const cookie = cookies.get(1)!;
          assert.equal((await send(0, 'POST', '/sign-out', {}, { cookie })).status, 201);
          assert.equal((await send(0, 'GET', '/notes', undefined, { cookie })).status, 403);
        },
      ),
  },
};
export default neighbour;
