import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import { ownerPaths } from '../../../../lib/orm/policy/ownership-paths.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String, branch: Number });

@Entity()
@TenantScoped()
class Office {
  @PrimaryColumn() tenant!: string;
  @PrimaryColumn() branch!: number;
}
@Entity()
@TenantShared('colors of the world')
class Color {
  @PrimaryGeneratedColumn() id!: number;
}
/** A column has a property of its own, another one none. */
@Entity()
@TenantScoped({ via: 'office' })
class Room {
  @PrimaryGeneratedColumn() id!: number;
  @Column() officeTenant!: string;
  @ManyToOne(() => Office, { nullable: false })
  @JoinColumn([
    { name: 'officeTenant', referencedColumnName: 'tenant' },
    { name: 'officeBranch', referencedColumnName: 'branch' },
  ])
  office!: Relation<Office>;
  @ManyToMany(() => Color) @JoinTable({ name: 'room_color' }) colors!: Relation<Color[]>;
}
@Entity()
@TenantScoped({ via: 'room' })
class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Room, { nullable: false }) room!: Relation<Room>;
}

describe('whose rows they are', () => {
  it.each([
    ['Office', ['Office.tenant', 'Office.branch']],
    ['Room', ['Room.officeTenant, Room.office → Office.tenant', 'Room.officeTenant, Room.office → Office.branch']],
    [
      'Shelf',
      [
        'Shelf.room → Room.officeTenant, Room.office → Office.tenant',
        'Shelf.room → Room.officeTenant, Room.office → Office.branch',
      ],
    ],
    [
      'room_color',
      [
        'room_color.roomId → Room.officeTenant, Room.office → Office.tenant',
        'room_color.roomId → Room.officeTenant, Room.office → Office.branch',
      ],
    ],
  ])('is told by the whole way from %s to each tenant column', async (name, paths) => {
    const dataSource = await unconnected('postgres', [Office, Color, Room, Shelf]);
    const metadata = dataSource.entityMetadatas.find((one) => one.name === name)!;
    expect(ownerPaths(metadata, requireEnforcement(dataSource).policies)).toEqual(paths);
  });
});
