import assert from 'node:assert/strict';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, TypeOrmHealthIndicator } from '@nestjs/terminus';
import { TenantScoped } from 'nestjs-muck';
import { User, within } from '../world.js';
import type { Neighbour } from '../world.js';

class HealthBase {
  constructor(
    readonly health: HealthCheckService,
    readonly database: TypeOrmHealthIndicator,
  ) {}
}

@Controller('health')
class HealthController extends HealthBase {
  constructor(health: HealthCheckService, database: TypeOrmHealthIndicator) {
    super(health, database);
  }
  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.database.pingCheck('database')]);
  }
}

@Controller('tenant-health')
@UseGuards(User)
@TenantScoped()
class TenantHealthController extends HealthBase {
  constructor(health: HealthCheckService, database: TypeOrmHealthIndicator) {
    super(health, database);
  }
  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.database.pingCheck('database')]);
  }
}

const neighbour: Neighbour = {
  packages: ['@nestjs/terminus'],
  attempts: {
    'pingCheck(): the database is up, asked outside of scopes and for two tenants': () =>
      within(
        { imports: [TerminusModule], controllers: [HealthController, TenantHealthController] },
        async ({ send }) => {
          for (const [organization, path] of [
            [1, '/health'],
            [1, '/tenant-health'],
            [2, '/tenant-health'],
          ] as const) {
            const { status, body } = await send(organization, 'GET', path);
            assert.deepEqual([status, body.status, body.info.database.status], [200, 'ok', 'up'], JSON.stringify(body));
          }
        },
      ),
  },
};
export default neighbour;
