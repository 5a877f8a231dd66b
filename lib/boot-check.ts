import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { checkControllers } from './crud/routing/controller-check.js';
import { MuckConfigurationError } from './exceptions/muck-configuration.error.js';
import { MODULE_OPTIONS_TOKEN } from './muck.module-definition.js';
import type { MuckOptions } from './muck.module-definition.js';
import { attach } from './orm/attach.js';
import { checkDataSource } from './orm/boot-check.js';
import { checkCaches } from './tenancy/cache-check.js';

/** Refuses to start an application whose isolation would depend on luck. */
@Injectable()
export class BootCheck implements OnModuleInit {
  private readonly logger = new Logger('MuckModule');

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: MuckOptions,
  ) {}

  /** @throws MuckConfigurationError with every problem there is */
  onModuleInit(): void {
    const problems: string[] = [];
    const undeclared: string[] = [];
    for (const dataSource of this.dataSources()) {
      if (!(dataSource instanceof DataSource)) {
        problems.push('there are two copies of TypeORM, and this package limits the other one: see `npm ls typeorm`');
        continue;
      }
      const enforcement = attach(dataSource);
      if (this.options.preparedStatements === false) enforcement?.prepared.turnOff();
      const findings = checkDataSource(dataSource);
      problems.push(...findings.problems);
      undeclared.push(...findings.undeclared);
    }
    const controllers = checkControllers(this.controllers(), this.providerClasses());
    problems.push(...controllers.problems, ...checkCaches(this.controllers(), this.globalInterceptors()));
    if (undeclared.length > 0) {
      const list = `nothing says whether the rows of these entities belong to a tenant. Decorate each:\n${undeclared.join('\n')}`;
      if (this.options.undeclared === 'deny') this.logger.warn(`Queries are refused on some entities: ${list}`);
      else problems.push(list);
    }
    if (problems.length > 0) throw new MuckConfigurationError(problems);
    for (const line of controllers.crossTenant) this.logger.log(line);
    for (const line of controllers.warnings) this.logger.warn(line);
  }

  private dataSources(): Set<DataSource> {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    // By TypeORM's own mark, which every copy of it shares.
    const isDataSource = (instance: unknown): instance is DataSource =>
      (instance as { '@instanceof'?: unknown } | null)?.['@instanceof'] === Symbol.for('DataSource');
    return new Set(instances.filter(isDataSource));
  }

  private providerClasses(): Set<unknown> {
    return new Set(this.discovery.getProviders().map(({ metatype }) => metatype));
  }

  /** Those that a module provides as APP_INTERCEPTOR. What main.ts gives the application itself is not to be seen from here. */
  private globalInterceptors(): unknown[] {
    return this.discovery
      .getProviders()
      .filter(({ subtype }) => subtype === 'interceptor')
      .map(({ instance, metatype }): unknown => instance ?? metatype);
  }

  private controllers(): Function[] {
    return this.discovery
      .getControllers()
      .map(({ metatype }) => metatype)
      .filter((metatype) => typeof metatype === 'function');
  }
}
