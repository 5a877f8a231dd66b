import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { checkControllers } from './crud/routing/controller-check.js';
import { MuckConfigurationError } from './exceptions/muck-configuration.error.js';
import { MODULE_OPTIONS_TOKEN } from './muck.module-definition.js';
import type { MuckOptions } from './muck.module-definition.js';
import { attach } from './orm/attach.js';
import { checkDataSource } from './orm/boot-check.js';
import { checkCaches, isSharedCache } from './tenancy/cache-check.js';
import { checkMadeInterceptors, globalInterceptors } from './tenancy/global-interceptors.js';

/** Refuses to start an application whose isolation would depend on luck. */
@Injectable()
export class BootCheck implements OnModuleInit {
  private readonly logger = new Logger('MuckModule');

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig,
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
    problems.push(...controllers.problems, ...this.cacheProblems());
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

  private cacheProblems(): string[] {
    const providers = [...this.providerClasses()].filter((type) => typeof type === 'function' && 'prototype' in type);
    const hosts = [...new Set([...this.controllers(), ...providers])];
    const instancesOf = (type: unknown): unknown[] =>
      [...this.modules.values()].flatMap(({ injectables }) => injectables.get(type as Function)?.instance ?? []);
    checkMadeInterceptors(this.config, (interceptor) => {
      const problems = isSharedCache(interceptor) ? checkCaches(hosts, [interceptor]) : [];
      if (problems.length > 0) throw new MuckConfigurationError(problems);
    });
    return checkCaches(hosts, globalInterceptors(this.config), instancesOf);
  }

  private controllers(): Function[] {
    return this.discovery
      .getControllers()
      .map(({ metatype }) => metatype)
      .filter((metatype) => typeof metatype === 'function');
  }
}
