import type { Type } from '@nestjs/common';
import type { DiscoveryService, ModuleRef } from '@nestjs/core';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { attempt, isInstance } from '../../tenancy/safe-read.js';
import { MuckConfigurationError } from '../../exceptions/muck-configuration.error.js';

/** The DataSources of the application, by the entities that they hold. */
export class ServedDataSources {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * @param name of the DataSource; undefined where only one holds the entity
   * @param where how errors call it
   * @throws MuckConfigurationError when none holds the entity, or several do and no name tells which is meant
   */
  of(entity: Type<object>, name: string | undefined, where: string): DataSource {
    if (name !== undefined) return this.moduleRef.get<DataSource>(getDataSourceToken(name), { strict: false });
    const instances = new Set(this.discovery.getProviders().map(({ instance }): unknown => instance));
    const holding = [...instances]
      .filter((instance): instance is DataSource => isInstance(instance, DataSource))
      .filter((dataSource) => attempt(() => dataSource.hasMetadata(entity), false));
    if (holding.length === 1) return holding[0];
    throw new MuckConfigurationError([
      holding.length === 0
        ? `${where}: no DataSource holds ${entity.name}. Add it to the entities of TypeOrmModule.forRoot(), or import TypeOrmModule.forFeature([${entity.name}]).`
        : `${where}: several DataSources hold ${entity.name}. Name one: @Crud(${entity.name}, { dataSource: '…' }).`,
    ]);
  }
}
