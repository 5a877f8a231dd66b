import { Controller, forwardRef, Get, Injectable, Module, Post } from '@nestjs/common';
import { Crud, CrudController, CrossTenant, MuckModule, TenantScoped, tenantFromUser } from 'nestjs-muck';
import { Ticket } from './entities.js';

/** An audit creates no provider. */
@Injectable()
class Unavailable {
  constructor() {
    throw new Error('created');
  }
}

@Controller('tickets')
@TenantScoped()
@Crud(Ticket, { only: ['findAll', 'findOne'] })
class TicketsController extends CrudController<Ticket> {
  @Post('close')
  @CrossTenant('closes old tickets every night')
  close(): void {}
}

@Controller('health')
class HealthController {
  @Get() check(): void {}
}

@Module({ controllers: [HealthController], providers: [Unavailable] })
class HealthModule {}

@Module({
  imports: [
    MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
    forwardRef(() => HealthModule),
    { module: class TicketsModule {}, controllers: [TicketsController] },
  ],
})
export class AppModule {}
