import type { Type } from '@nestjs/common';
import type { DiscoveryService, ModuleRef } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { attempt, isInstance } from '../common/safe-read.js';
import { MuckConfigurationError } from '../errors/muck-configuration.error.js';

/** Finds the DataSources of the application by entity. */
export class DataSourceLocator {
  private found?: readonly DataSource[];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * Returns the DataSource of an entity.
   *
   * @param name of the DataSource; undefined if only one contains the entity
   * @param where the name of the controller or entity, for errors
   * @throws MuckConfigurationError if no DataSource contains the entity, or if several do and `name` is undefined
   */
  find(entity: Type<object>, name: string | undefined, where: string): DataSource {
    if (name !== undefined) return this.moduleRef.get<DataSource>(getDataSourceToken(name), { strict: false });
    const holding = (this.found ?? dataSourcesOf(this.discovery)).filter((dataSource) =>
      attempt(() => dataSource.hasMetadata(entity), false),
    );
    if (holding.length === 1) return holding[0];
    throw new MuckConfigurationError([
      holding.length === 0
        ? `${where}: no DataSource holds ${entity.name}. Add it to the entities of TypeOrmModule.forRoot(), or import TypeOrmModule.forFeature([${entity.name}]).`
        : `${where}: several DataSources hold ${entity.name}. Name one: @Crud(${entity.name}, { dataSource: '…' }).`,
    ]);
  }

  /** Caches the DataSources while `fn` runs, so that the providers are not searched again for each resource. */
  during<R>(fn: () => R): R {
    this.found = dataSourcesOf(this.discovery);
    try {
      return fn();
    } finally {
      this.found = undefined;
    }
  }
}

/** Returns the DataSources that an application provides. */
export function dataSourcesOf(discovery: DiscoveryService): DataSource[] {
  const instances = new Set(discovery.getProviders().map(({ instance }): unknown => instance));
  return [...instances].filter((instance): instance is DataSource => isInstance(instance, DataSource));
}
