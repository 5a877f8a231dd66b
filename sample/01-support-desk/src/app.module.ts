import { Module, ValidationPipe } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule } from 'nestjs-muck';
import type { AppOptions } from './app-options.js';
import { AppOptionsModule } from './app-options.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CurrentOrganization } from './auth/current-organization.js';
import { dataSourceOptions } from './database/data-source-options.js';
import { HealthController } from './health/health.controller.js';
import { IsolationModule } from './isolation/isolation.module.js';
import { NewsfeedModule } from './newsfeed/newsfeed.module.js';
import { OrganizationsModule } from './organizations/organizations.module.js';
import { FinishRequests } from './shutdown/finish-requests.js';
import { SupportTicketsModule } from './support-tickets/support-tickets.module.js';
import { UsersModule } from './users/users.module.js';
import { WebController } from './web/web.controller.js';

@Module({
  imports: [
    MuckModule.forRoot({ scope: { organizationId: Number }, resolver: CurrentOrganization }),
    AuthModule,
    OrganizationsModule,
    UsersModule,
    SupportTicketsModule,
    NewsfeedModule,
  ],
  controllers: [HealthController, WebController],
  providers: [
    FinishRequests,
    { provide: APP_PIPE, useValue: new ValidationPipe({ whitelist: true, transform: true }) },
  ],
})
export class AppModule {
  static with(options: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        AppOptionsModule.of(options),
        // One attempt: the launcher has just migrated the same database.
        TypeOrmModule.forRoot({ ...dataSourceOptions(options), retryAttempts: 0 }),
        ...(options.showStatements ? [IsolationModule] : []),
      ],
    };
  }
}
