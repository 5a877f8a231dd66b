import { expect, it } from '@jest/globals';
import { declareScope, TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { ConnectionMutex } from '../../../../lib/orm/execution/connection-mutex.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

it('query runners wait for each other on SQLite alone, where they share one connection', async () => {
  for (const type of ['postgres', 'mysql', 'mariadb'] as const)
    expect(requireEnforcement(await unconnected(type, [Ticket])).connection).toBeUndefined();
  expect(requireEnforcement(await unconnected('sqljs', [Ticket])).connection).toBeInstanceOf(ConnectionMutex);
});
