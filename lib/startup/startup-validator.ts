import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleInit, Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { CrudRegistry } from '../crud/crud-registry.js';
import { crudMetadataOf } from '../crud/options/crud.metadata.js';
import { validateRequiredColumns } from './required-columns.validator.js';
import { validateControllers } from './controller.validator.js';
import { adviseIndexes } from './index-advice.js';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';
import { ApplicationObserver } from '../observability/application-observer.js';
import { MODULE_OPTIONS_TOKEN } from '../options/muck.module-definition.js';
import type { MuckOptions, UndeclaredEntities } from '../options/muck.module-definition.js';
import { instrumentDataSource } from '../orm/instrument-data-source.js';
import { validateDataSource } from '../orm/startup/data-source.validator.js';
import { getRowLevelSecurity } from '../orm/row-security/row-security-options.js';
import { validateRowSecurity } from '../rls/row-security.validator.js';
import { releaseProblem } from '../orm/startup/typeorm-release.js';
import { validateCacheInterceptors, isSharedCache } from '../tenancy/http/cache-interceptor.validator.js';
import { checkMadeInterceptors, globalInterceptors } from '../tenancy/http/global-interceptors.js';
import { attempt, isInstance, safeRead } from '../common/safe-read.js';
import { Tenancy } from '../tenancy/tenancy.service.js';
import { noteUndeclaredEntities } from '../tenancy/metadata/undeclared-entities.js';
import type { UndeclaredEntity } from '../tenancy/metadata/undeclared-entities.js';

const CHOICES: readonly UndeclaredEntities[] = ['fail', 'deny-queries', 'allow'];

/** Provider that stops the start of an application whose tenant isolation is not guaranteed. */
@Injectable()
export class StartupValidator implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger('MuckModule');
  /** True if a DataSource is initialised late, so that it is validated in onApplicationBootstrap. */
  private isWaiting = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
    private readonly config: ApplicationConfig,
    private readonly tenancy: Tenancy,
    private readonly crud: CrudRegistry,
    private readonly observer: ApplicationObserver,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: MuckOptions,
  ) {}

  /** @throws MuckConfigurationError with every problem found */
  async onModuleInit(): Promise<void> {
    // In another TypeORM release every other check may give a wrong result.
    const release = releaseProblem();
    this.refuse(release === undefined ? [] : [release]);
    this.isWaiting = this.dataSources().some((dataSource) => safeRead(dataSource, 'isInitialized') === false);
    const controllers = validateControllers(this.controllers(), this.providerClasses());
    const problems = [...this.dataProblems(), ...controllers.problems, ...this.cacheProblems()];
    this.refuse(this.isWaiting ? problems : this.withResources(problems));
    for (const line of controllers.crossTenant) this.logger.log(line);
    for (const line of controllers.warnings) this.logger.warn(line);
    if (this.isWaiting) return;
    await this.checkRowSecurity();
    this.tellMissingIndexes();
  }

  /**
   * @throws MuckConfigurationError with every problem of a DataSource that a module initialises itself, and of its
   * resources
   */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.isWaiting) return;
    this.refuse(this.withResources(this.dataProblems()));
    await this.checkRowSecurity();
    this.tellMissingIndexes();
  }

  /** Asks each database for its policies and roles, if row-level security is on. */
  private async checkRowSecurity(): Promise<void> {
    const options = getRowLevelSecurity();
    if (options === undefined) return;
    const problems: string[] = [];
    for (const dataSource of this.dataSources()) {
      const findings = await validateRowSecurity(dataSource, options);
      problems.push(...findings.problems);
      for (const line of findings.warnings) this.logger.warn(line);
    }
    this.refuse(problems);
  }

  private tellMissingIndexes(): void {
    const level = this.options.logging?.missingIndexes ?? 'warn';
    if (level === false) return;
    const lists = this.controllers()
      .filter((controller) => crudMetadataOf(controller)?.routes.includes('findAll'))
      .flatMap((controller) => this.crud.resourceOf(controller) ?? []);
    for (const dataSource of this.dataSources())
      for (const line of adviseIndexes(dataSource, lists)) this.logger[level](line);
  }

  private refuse(problems: readonly string[]): void {
    if (problems.length > 0) throw new MuckConfigurationError([...new Set(problems)]);
  }

  private dataProblems(): string[] {
    const choice = this.options.undeclaredEntities ?? 'fail';
    if (!CHOICES.includes(choice))
      return [`undeclaredEntities is '${String(choice)}'. Use 'fail', 'deny-queries' or 'allow'`];
    const problems: string[] = [];
    const undeclared: UndeclaredEntity[] = [];
    for (const dataSource of this.dataSources()) {
      if (!isInstance(dataSource, DataSource)) {
        problems.push(
          'there are two copies of TypeORM, and nestjs-muck enforces scopes in the other one. Run: npm ls typeorm',
        );
        continue;
      }
      const enforcement = instrumentDataSource(dataSource);
      if (this.options.preparedStatements === false) enforcement?.prepared.disable();
      if (choice === 'allow') enforcement?.policies.allowUndeclared();
      const findings = validateDataSource(dataSource);
      problems.push(...findings.problems);
      undeclared.push(...findings.undeclared);
      if (enforcement !== undefined) this.observer.observe(enforcement);
    }
    noteUndeclaredEntities(this.tenancy, undeclared);
    return [...problems, ...this.tellUndeclared(undeclared, choice)];
  }

  /**
   * Logs undeclared entities.
   *
   * @returns the list as a problem if undeclared entities stop the start
   */
  private tellUndeclared(undeclared: readonly UndeclaredEntity[], choice: UndeclaredEntities): string[] {
    if (undeclared.length === 0) return [];
    if (choice === 'allow') {
      for (const { name, proposal } of undeclared)
        this.logger.warn(
          `${name} is undeclared: its rows are visible to all tenants. Declare it, for example ${proposal}`,
        );
      return [];
    }
    const lines = undeclared.map(({ name, proposal }) => `${proposal}  // ${name}`).join('\n');
    const list = `these entities do not declare whether their rows belong to a tenant. Decorate each:\n${lines}`;
    if (choice === 'fail') return [list];
    this.logger.warn(`Queries on these undeclared entities are refused: ${list}`);
    return [];
  }

  /**
   * Adds the problems of resources. If others are known, an error of another kind most likely follows from them and is
   * ignored.
   */
  private withResources(problems: readonly string[]): string[] {
    try {
      const all = [...problems, ...this.crud.problems()];
      return all.length > 0 ? all : this.controllers().flatMap((controller) => this.bodyProblems(controller));
    } catch (error) {
      if (problems.length === 0) throw error;
      return [...problems];
    }
  }

  private bodyProblems(controller: Function): string[] {
    const resource = this.crud.resourceOf(controller);
    return resource === undefined ? [] : validateRequiredColumns(controller as Type<object>, resource);
  }

  private dataSources(): DataSource[] {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    // TypeORM's own marker symbol is the same in every installed copy of TypeORM.
    const found = instances.filter((instance) => safeRead(instance, '@instanceof') === Symbol.for('DataSource'));
    return [...new Set(found)] as DataSource[];
  }

  private providerClasses(): Set<unknown> {
    return new Set(this.discovery.getProviders().map(({ metatype }) => metatype));
  }

  private cacheProblems(): string[] {
    const providers = [...this.providerClasses()].filter(isClass);
    const hosts = [...new Set([...this.controllers(), ...providers])];
    const instancesOf = (type: unknown): unknown[] =>
      [...this.modules.values()]
        .map(({ injectables }): unknown => injectables.get(type as Function)?.instance)
        .filter((instance) => instance !== undefined && instance !== null);
    checkMadeInterceptors(this.config, (interceptor) => {
      const problems = isSharedCache(interceptor) ? validateCacheInterceptors(hosts, [interceptor]) : [];
      if (problems.length > 0) throw new MuckConfigurationError(problems);
    });
    return validateCacheInterceptors(hosts, globalInterceptors(this.config), instancesOf);
  }

  private controllers(): Function[] {
    return this.discovery
      .getControllers()
      .map(({ metatype }) => metatype)
      .filter((metatype) => typeof metatype === 'function');
  }
}

function isClass(type: unknown): type is Function {
  return typeof type === 'function' && attempt(() => 'prototype' in type, false);
}
