// This library, with nothing but options. TENANCY=shared: the same entity, belonging to no tenant. ROW_SECURITY=on: with
// policies, as `secure.ts` makes them.
import { Controller, Module, type ExecutionContext, type Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, scoped, shared, TenantScoped } from 'nestjs-muck';
import type { CrudOptions, ListQuery, Page, TenantResolver } from 'nestjs-muck';
import { CreateTicket, UpdateTicket } from '../common/bodies.js';
import { isSecured, ORM_OPTIONS, UNSCOPED_ROLE } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';
import { organizationOf } from '../common/organization.js';
import { serve } from '../common/serve.js';
import { createApplication } from './adapter.js';
import { enrichTickets, isRich, TimingInterceptor } from './rich.js';

class FromHeader implements TenantResolver {
  resolve(context: ExecutionContext): { organizationId: number } {
    return { organizationId: organizationOf(context.switchToHttp().getRequest()) };
  }
}

const isShared = process.env['TENANCY'] === 'shared';
const declare = (entity: Type<object>) => (isShared ? shared(entity, 'measured without tenants') : scoped(entity));

const OPTIONS = {
  dto: { create: CreateTicket, patch: UpdateTicket },
  include: ['assignee', 'comments'],
  defaultSort: ['-createdAt', '-id'],
  only: isShared ? ['findAll', 'findOne'] : ['findAll', 'findOne', 'create', 'createMany', 'update', 'remove'],
} as const satisfies CrudOptions<Ticket>;

if (isRich) enrichTickets();

@Controller('tickets')
@TenantScoped()
@Crud(Ticket, OPTIONS)
class TicketsController extends CrudController<Ticket> {}

@Controller('tickets')
@TenantScoped()
@Crud(Ticket, OPTIONS)
class OverridingController extends CrudController<Ticket> {
  override findAll(query: ListQuery<Ticket>): Promise<Page<Ticket>> {
    return super.findAll(query);
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...ORM_OPTIONS, entities: [Member, Project, Ticket, Comment] }),
    MuckModule.forRoot({
      scope: { organizationId: Number },
      resolver: FromHeader,
      entities: [Member, Project, Ticket, Comment].map(declare),
      ...(isSecured && { rowLevelSecurity: { unscopedRole: UNSCOPED_ROLE } }),
    }),
  ],
  controllers: [isRich ? OverridingController : TicketsController],
})
class AppModule {}

const app = await createApplication(AppModule);
if (isRich) app.useGlobalInterceptors(new TimingInterceptor());
await serve(app);
