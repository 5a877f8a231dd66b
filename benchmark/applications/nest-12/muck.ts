// This library, with nothing but options. TENANCY=shared: the same entity, belonging to no tenant.
import { Controller, Module, type ExecutionContext, type Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, scoped, shared, TenantScoped, type TenantResolver } from 'nestjs-muck';
import { CreateTicket, UpdateTicket } from '../common/bodies.js';
import { ORM_OPTIONS } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';
import { organizationOf } from '../common/organization.js';
import { serve } from '../common/serve.js';
import { createApplication } from './adapter.js';

class FromHeader implements TenantResolver {
  resolve(context: ExecutionContext): { organizationId: number } {
    return { organizationId: organizationOf(context.switchToHttp().getRequest()) };
  }
}

const isShared = process.env['TENANCY'] === 'shared';
const declare = (entity: Type<object>) => (isShared ? shared(entity, 'measured without tenants') : scoped(entity));

@Controller('tickets')
@TenantScoped()
@Crud(Ticket, {
  dto: { create: CreateTicket, patch: UpdateTicket },
  include: ['assignee', 'comments'],
  defaultSort: ['-createdAt', '-id'],
  only: ['findAll', 'findOne', 'create', 'createMany', 'update', 'remove'],
})
class TicketsController extends CrudController<Ticket> {}

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...ORM_OPTIONS, entities: [Member, Project, Ticket, Comment] }),
    MuckModule.forRoot({
      scope: { organizationId: Number },
      resolver: FromHeader,
      entities: [Member, Project, Ticket, Comment].map(declare),
    }),
  ],
  controllers: [TicketsController],
})
class AppModule {}

await serve(await createApplication(AppModule));
