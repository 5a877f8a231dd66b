import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CrossTenant, Crud, CrudController, MuckModule, TenantScoped, tenantFromUser } from 'nestjs-muck';
import type { CrudHooks, HookContext } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { DataSourceOptions, Relation } from 'typeorm';

/** Rows that stay: each tenant has five. */
@Entity()
@TenantScoped()
export class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) subject!: string;
}

/** Rows that requests make and delete. */
@Entity()
@TenantScoped()
export class Comment {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column() ticketId!: number;
  @ManyToOne(() => Ticket) ticket!: Relation<Ticket>;
}

@Injectable()
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { organizationId: Number(request.headers['x-tenant']) };
    return true;
  }
}

/** Reads in the transaction of the write. */
@Injectable()
class CountsTickets implements CrudHooks<Comment> {
  async afterCreate(_row: Comment, { manager }: HookContext): Promise<void> {
    const count = await manager.count(Ticket);
    if (count !== 5) throw new Error(`${count} tickets in a transaction`);
  }
}

@Controller('tickets')
@TenantScoped()
@UseGuards(HeaderGuard)
@Crud(Ticket, { only: ['findAll', 'findOne', 'update', 'remove'] })
class TicketsController extends CrudController<Ticket> {}

@Controller('comments')
@TenantScoped()
@UseGuards(HeaderGuard)
@Crud(Comment, { include: ['ticket'], only: ['findAll', 'findOne', 'create', 'createMany', 'update', 'remove'] })
class CommentsController extends CrudController<Comment> {}

@Controller('counting-comments')
@TenantScoped()
@UseGuards(HeaderGuard)
@Crud(Comment, { hooks: [CountsTickets], only: ['create'] })
class CountingCommentsController extends CrudController<Comment> {}

@Controller('totals')
@CrossTenant('the number of all tickets')
class TotalsController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  tickets(): Promise<number> {
    return this.dataSource.getRepository(Ticket).count();
  }
}

export function applicationModule(options: DataSourceOptions, unscopedRole: string): DynamicModule {
  @Module({})
  class PooledModule {}

  return {
    module: PooledModule,
    imports: [
      TypeOrmModule.forRoot({ ...options, entities: [Ticket, Comment], retryAttempts: 0 }),
      MuckModule.forRoot({
        scope: { organizationId: Number },
        resolver: tenantFromUser('organizationId'),
        rowLevelSecurity: { unscopedRole },
      }),
    ],
    controllers: [TicketsController, CommentsController, CountingCommentsController, TotalsController],
    providers: [CountsTickets],
  };
}
