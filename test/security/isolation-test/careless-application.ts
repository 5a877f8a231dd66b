import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  Body,
  ConflictException,
  Controller,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  Injectable,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  Query,
  StreamableFile,
  UnauthorizedException,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common';
import type {
  CallHandler,
  CanActivate,
  DynamicModule,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
} from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { IsInt, IsOptional, IsString, Length } from 'class-validator';
import { Crud, CrudController, CrossTenant, MuckModule, Tenancy, TenantScoped, TenantShared } from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import { of } from 'rxjs';
import type { Observable } from 'rxjs';
import { tap } from 'rxjs/operators';
import {
  Column,
  DataSource,
  Entity,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Repository,
  Unique,
} from 'typeorm';
import type { DataSourceOptions, Relation } from 'typeorm';

/*
 * An application as it is written in a hurry, with mistakes that can be switched on one by one.
 */

/** The mistakes, each with the route and the attempt by which it is found. */
export const MISTAKES = {
  'a raw query in an unscoped section': ['GET /api/v1/reports/latest', 'list'],
  'an unscoped section too wide': ['POST /api/v1/tickets/close-all', 'write'],
  'a resolver that trusts a header': ['GET /api/v1/tickets', 'tenant'],
  'a cache keyed by URL': ['GET /api/v1/dashboard', 'cache'],
  'a data source of its own': ['GET /api/v1/statistics', 'list'],
  'a count over all tenants': ['GET /api/v1/tickets-summary', 'inference'],
  'a file of all tenants': ['GET /api/v1/exports/tickets', 'list'],
  'an id of a body taken as it is': ['POST /api/v1/tickets/move-comments', 'reference'],
  'a controller over all tenants': ['GET /api/v1/comments', 'list'],
  'an entity tag shared by tenants': ['GET /api/v1/dashboard', 'cache'],
  'a response that tells that the row exists': ['GET /api/v1/tickets/:id/history', 'read'],
  'a search in an unscoped section': ['GET /api/v1/search', 'filter'],
  'a unique key over all tenants': ['POST /api/v1/coupons', 'inference'],
  'a tenant of a body taken as it is': ['POST /api/v1/imports', 'tenant'],
  'permission to shared caches': ['GET /api/v1/dashboard', 'cache'],
  'a route without a guard': ['GET /api/v1/exports/tickets', 'anonymous'],
} as const;

export type Mistake = keyof typeof MISTAKES;

@Entity()
@TenantScoped({ columns: { organizationId: 'id' } })
export class Organization {
  @PrimaryColumn() id!: number;
  @Column({ length: 40 }) name!: string;
}

@Entity()
@TenantScoped()
export class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 80 }) subject!: string;
  @Column({ length: 10, default: 'open' }) status!: string;
}

@Entity()
@TenantScoped({ via: 'ticket' })
export class Comment {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ length: 80 }) text!: string;
  @Column() ticketId!: number;
  @ManyToOne(() => Ticket, { nullable: false, onDelete: 'CASCADE' }) ticket!: Relation<Ticket>;
}

@Entity()
@Unique(['organizationId', 'code'])
@TenantScoped()
export class Coupon {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) code!: string;
}

/** The same table for another DataSource. */
@Entity('ticket')
@TenantShared('numbers for the statistics of the platform')
export class TicketNumbers {
  @PrimaryColumn() id!: number;
  @Column() subject!: string;
}

class MoveCommentsDto {
  @IsInt() ticketId!: number;
  @IsInt() commentId!: number;
}

class CouponDto {
  @IsString() @Length(1, 40) code!: string;
}

class ImportDto {
  @IsString() @Length(1, 80) subject!: string;
  @IsOptional() @IsInt() organizationId?: number;
}

interface Sender {
  readonly organizationId: number;
}

interface HttpRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  user?: Sender;
}

interface HttpReply {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** Tokens of the two organizations' users. */
const TOKENS: ReadonlyMap<string, Sender> = new Map([
  ['Bearer token-of-acme', { organizationId: 1 }],
  ['Bearer token-of-globex', { organizationId: 2 }],
]);

@Injectable()
class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    request.user = TOKENS.get(request.headers.authorization ?? '');
    if (request.user === undefined) throw new UnauthorizedException();
    return true;
  }
}

/** @returns a module of the application with these mistakes */
export function carelessApplication(options: DataSourceOptions, mistakes: ReadonlySet<Mistake>): DynamicModule {
  const makes = (mistake: Mistake): boolean => mistakes.has(mistake);
  const Exported = makes('a route without a guard') ? CrossTenant('an export for partners') : TenantScoped();
  const Guarded = makes('a route without a guard') ? UseGuards() : UseGuards(AuthGuard);

  @Injectable()
  class CurrentOrganization implements TenantResolver {
    resolve(context: ExecutionContext): { organizationId: number } | undefined {
      const { user, headers } = context.switchToHttp().getRequest<HttpRequest>();
      const acting = makes('a resolver that trusts a header') ? headers['x-acting-for'] : undefined;
      return user && { organizationId: acting === undefined ? user.organizationId : Number(acting) };
    }
  }

  /** Keeps responses for a while. */
  @Injectable()
  class DashboardCache implements NestInterceptor {
    private readonly bodies = new Map<string, unknown>();
    private readonly tags = new Map<string, string>();

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const { url, user, headers } = context.switchToHttp().getRequest<HttpRequest>();
      const reply = context.switchToHttp().getResponse<HttpReply>();
      const key = makes('a cache keyed by URL') ? url : `${user?.organizationId} ${url}`;
      if (makes('permission to shared caches')) reply.header('cache-control', 'public, max-age=60');
      if (this.bodies.has(key)) return of(this.bodies.get(key));
      const tagKey = makes('an entity tag shared by tenants') ? url : key;
      if (headers['if-none-match'] !== undefined && headers['if-none-match'] === this.tags.get(tagKey)) {
        reply.status(304);
        return of(undefined);
      }
      return next.handle().pipe(
        tap((body) => {
          const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)}"`;
          this.tags.set(tagKey, tag);
          reply.header('etag', tag);
          if (makes('a cache keyed by URL')) this.bodies.set(key, body);
        }),
      );
    }
  }

  @Controller({ path: 'tickets', version: '1' })
  @UseGuards(AuthGuard)
  @TenantScoped()
  @Crud(Ticket, { search: ['subject'] })
  class TicketsController extends CrudController<Ticket> {
    constructor(
      @InjectRepository(Ticket) private readonly tickets: Repository<Ticket>,
      @InjectRepository(Comment) private readonly comments: Repository<Comment>,
      private readonly tenancy: Tenancy,
    ) {
      super();
    }

    @Post('close-all')
    @HttpCode(200)
    async closeAll(): Promise<object> {
      const close = (): Promise<unknown> => this.tickets.update({ status: 'open' }, { status: 'closed' });
      if (makes('an unscoped section too wide')) await this.tenancy.unscoped('closes what is open', close);
      else await close();
      return { status: 'closed' };
    }

    @Get(':id/history')
    async history(@Param('id', ParseIntPipe) id: number): Promise<object> {
      if (makes('a response that tells that the row exists')) {
        const exists = await this.tenancy.unscoped('says why', () => this.tickets.existsBy({ id }));
        if (exists && !(await this.tickets.existsBy({ id }))) throw new ForbiddenException();
      }
      const ticket = await this.tickets.findOneBy({ id });
      if (ticket === null) throw new NotFoundException();
      return this.comments.findBy({ ticketId: id });
    }

    @Post('move-comments')
    async moveComments(@Body() { ticketId, commentId }: MoveCommentsDto): Promise<object> {
      const move = async (): Promise<boolean> => {
        const found = await this.comments.findOneBy({ id: commentId });
        if (found === null || !(await this.tickets.existsBy({ id: ticketId }))) return false;
        await this.comments.update({ id: commentId }, { ticketId });
        return true;
      };
      const takesAll = makes('an id of a body taken as it is');
      if (!(await (takesAll ? this.tenancy.unscoped('moves comments', move) : move()))) throw new NotFoundException();
      return { moved: true };
    }
  }

  const Owned = makes('a controller over all tenants') ? CrossTenant('the console of the platform') : TenantScoped();

  @Controller({ path: 'comments', version: '1' })
  @UseGuards(AuthGuard)
  @Owned
  @Crud(Comment, { only: ['findAll', 'findOne'], include: ['ticket'] })
  class CommentsController extends CrudController<Comment> {}

  @Controller({ version: '1' })
  @TenantScoped()
  class ReportsController {
    constructor(
      @InjectRepository(Ticket) private readonly tickets: Repository<Ticket>,
      @InjectRepository(Coupon) private readonly coupons: Repository<Coupon>,
      private readonly dataSource: DataSource,
      private readonly tenancy: Tenancy,
    ) {}

    @Get('reports/latest')
    @UseGuards(AuthGuard)
    async latest(): Promise<unknown> {
      if (!makes('a raw query in an unscoped section')) return this.tickets.find({ order: { id: 'DESC' } });
      return this.tenancy.unscoped('a report', () =>
        this.dataSource.query('SELECT id, subject FROM ticket ORDER BY id DESC LIMIT 20'),
      );
    }

    @Get('dashboard')
    @UseGuards(AuthGuard)
    @UseInterceptors(DashboardCache)
    async dashboard(): Promise<object> {
      return { tickets: await this.tickets.find({ select: { subject: true }, order: { id: 'ASC' } }) };
    }

    @Get('statistics')
    @UseGuards(AuthGuard)
    async statistics(): Promise<object> {
      if (!makes('a data source of its own'))
        return { subjects: (await this.tickets.find()).map(({ subject }) => subject) };
      const own = await new DataSource({ ...options, synchronize: false, entities: [TicketNumbers] }).initialize();
      const subjects = await own.getRepository(TicketNumbers).find();
      await own.destroy();
      return { subjects: subjects.map(({ subject }) => subject) };
    }

    @Get('tickets-summary')
    @UseGuards(AuthGuard)
    async summary(): Promise<object> {
      const own = await this.tickets.count();
      if (!makes('a count over all tenants')) return { own };
      return { own, share: own / (await this.tenancy.unscoped('a share', () => this.tickets.count())) };
    }

    @Get('exports/tickets')
    @Exported
    @Guarded
    @Header('content-type', 'application/gzip')
    async export(): Promise<StreamableFile> {
      const all = makes('a file of all tenants') || makes('a route without a guard');
      const read = (): Promise<Ticket[]> => this.tickets.find({ order: { id: 'ASC' } });
      const tickets = await (all ? this.tenancy.unscoped('an export', read) : read());
      return new StreamableFile(gzipSync(tickets.map(({ id, subject }) => `${id};${subject}`).join('\n')));
    }

    @Get('search')
    @UseGuards(AuthGuard)
    async search(@Query('subject') subject = ''): Promise<object> {
      const find = (): Promise<Ticket[]> => this.tickets.findBy({ subject });
      const found = await (makes('a search in an unscoped section') ? this.tenancy.unscoped('searches', find) : find());
      return { found: found.length };
    }

    @Post('coupons')
    @UseGuards(AuthGuard)
    async addCoupon(@Body() { code }: CouponDto): Promise<object> {
      const find = (): Promise<boolean> => this.coupons.existsBy({ code });
      const all = makes('a unique key over all tenants');
      if (await (all ? this.tenancy.unscoped('is the code free', find) : find())) throw new ConflictException();
      await this.coupons.insert({ code });
      return { code };
    }

    @Post('imports')
    @UseGuards(AuthGuard)
    async import(@Body() { subject, organizationId }: ImportDto): Promise<object> {
      const insert = (): Promise<unknown> => this.tickets.insert({ subject });
      if (makes('a tenant of a body taken as it is') && organizationId !== undefined)
        await this.tenancy.run({ organizationId }, insert);
      else await insert();
      return { imported: 1 };
    }
  }

  return {
    module: class CarelessModule {},
    imports: [
      TypeOrmModule.forRoot({
        ...options,
        entities: [Organization, Ticket, Comment, Coupon],
        synchronize: true,
        retryAttempts: 0,
      }),
      TypeOrmModule.forFeature([Ticket, Comment, Coupon]),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: CurrentOrganization }),
    ],
    controllers: [TicketsController, CommentsController, ReportsController],
    providers: [DashboardCache],
  };
}

/** What the application's main.ts does before it listens. */
export function configure(app: INestApplication): void {
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
}
