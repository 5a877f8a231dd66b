import { declareScope, TenantScoped } from 'nestjs-muck';
import { Column, Entity, ForeignKey, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { attacks, tenancy } from '../../../support/annex.js';

declareScope({ organizationId: Number });

@Entity()
@TenantScoped()
class Room {
  @PrimaryColumn() id!: number;
  @Column() organizationId!: number;
}

/** Who names no room gets the one that everybody knows. */
@Entity()
@TenantScoped()
class Booking {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ default: '' }) text!: string;
  @ForeignKey(() => Room)
  @Column({ type: Number, transformer: { to: (id?: number | null) => id ?? 9001, from: (id: number) => id } })
  roomId!: number | null;
}

attacks(
  'G-06 a key that a transformer makes of null',
  {
    entities: () => [Room, Booking],
    acme: { organizationId: 1 },
    sow: async ({ repo }) => {
      await repo(Room).insert([
        { id: 1, organizationId: 1 },
        { id: 9001, organizationId: 2 },
      ]);
      await repo(Booking).insert({ organizationId: 1, roomId: 1 });
    },
    globex: ({ repo }) => repo(Booking).findBy({ roomId: 9001 }),
  },
  {
    'is checked when a row is inserted without one': ({ repo }) => repo(Booking).insert({ organizationId: 1 }),
    'is checked when a row is inserted with null': ({ repo }) =>
      repo(Booking).insert({ organizationId: 1, roomId: null }),
    'is checked when a row is saved without one': ({ repo }) => repo(Booking).save({ organizationId: 1, text: 'x' }),
    'is checked when a row is changed to null': ({ repo }) =>
      repo(Booking).update({ organizationId: 1 }, { roomId: null }),
    'is checked when a row is saved with null': async ({ repo }) => {
      const [booking] = await repo(Booking).findBy({ organizationId: 1 });
      return repo(Booking).save({ ...booking, roomId: null });
    },
    'is compared in an unscoped section': ({ repo }) =>
      tenancy.unscoped('seeds', () => repo(Booking).insert({ organizationId: 1 })),
  },
);
