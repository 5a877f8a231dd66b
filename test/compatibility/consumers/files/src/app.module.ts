import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, Tenancy, TenantScoped } from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import { Repository } from 'typeorm';
import { dataSourceOptions } from './database.js';
import { Customer, Plan, Tag, Ticket } from './entities.js';

interface SignedIn {
  user?: { organizationId: number };
  headers: { authorization?: string };
}

const ORGANIZATIONS: Record<string, number | undefined> = { 'Bearer acme': 1, 'Bearer globex': 2 };

@Injectable()
export class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<SignedIn>();
    const organizationId = ORGANIZATIONS[request.headers.authorization ?? ''];
    request.user = organizationId === undefined ? undefined : { organizationId };
    return request.user !== undefined;
  }
}

@Injectable()
export class CurrentOrganization implements TenantResolver {
  // An ordinary dependency: what the compiler writes about constructors has to reach Nest.
  constructor(private readonly tenancy: Tenancy) {}

  resolve(context: ExecutionContext): { organizationId: number } | undefined {
    if (this.tenancy.current !== undefined) throw new Error('A resolver runs outside of any scope.');
    return context.switchToHttp().getRequest<SignedIn>().user;
  }
}

@Controller('customers')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(Customer, { include: ['plan'] })
export class CustomersController extends CrudController<Customer> {}

@Controller('tags')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(Tag)
export class TagsController extends CrudController<Tag> {}

@Controller('tickets')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(Ticket, { include: ['openedBy', 'tags'], links: ['tags'], filter: ['subject', 'openedBy.displayName'] })
export class TicketsController extends CrudController<Ticket> {}

@Controller('plans')
@UseGuards(AuthGuard)
@Crud(Plan)
export class PlansController extends CrudController<Plan> {}

/** Code that forgets the tenant. */
@Controller('report')
@TenantScoped()
@UseGuards(AuthGuard)
export class ReportController {
  constructor(@InjectRepository(Customer) private readonly customers: Repository<Customer>) {}

  @Get()
  async report(): Promise<{ count: number; names: string[]; passwords: number }> {
    const found = await this.customers.find({ order: { id: 'ASC' }, relations: { plan: true } });
    const passwords = found.filter(({ passwordHash }) => passwordHash).length;
    return { count: await this.customers.count(), names: found.map(({ displayName }) => displayName), passwords };
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot(dataSourceOptions()),
    TypeOrmModule.forFeature([Customer]),
    MuckModule.forRoot({ scope: { organizationId: Number }, resolver: CurrentOrganization }),
  ],
  controllers: [CustomersController, TagsController, TicketsController, PlansController, ReportController],
})
export class AppModule {}
