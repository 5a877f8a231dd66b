import { describe, expect, it } from '@jest/globals';
import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { Relation, RelationOptions } from 'typeorm';
import { requireEnforcement } from '../../../../lib/orm/enforcement/enforcement.js';
import type { TenantPolicy } from '../../../../lib/orm/policy/tenant-policy.js';
import { registerEntityTenancy } from '../../../../lib/tenancy/metadata/entity-tenancy.registry.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ tenant: String });

type Type = new () => object;

async function policyOf(entity: Type, ...others: Type[]): Promise<TenantPolicy> {
  const dataSource = await unconnected('postgres', [entity, ...others]);
  return requireEnforcement(dataSource).policies.of(dataSource.getMetadata(entity));
}

@Entity()
@TenantShared('the tenants themselves')
class Organization {
  @PrimaryGeneratedColumn('uuid') id!: string;
}

describe('rows that a tenant shares with all when its column is cleared', () => {
  /** A row of a tenant, with a reference to the tenant or to something else. */
  function order(column: 'tenant' | 'otherId', rules: RelationOptions): Type {
    @Entity()
    @TenantScoped({ nullMeans: 'shared' })
    class Order {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: 'uuid', nullable: true }) tenant!: string | null;
      @Column({ type: 'uuid', nullable: true }) otherId!: string | null;
      @ManyToOne(() => Organization, rules) @JoinColumn({ name: column }) organization!: Relation<Organization> | null;
    }
    return Order;
  }

  it.each<RelationOptions>([
    { onDelete: 'SET NULL' },
    { onDelete: 'DEFAULT', onUpdate: 'CASCADE' },
    { onDelete: 'CASCADE', onUpdate: 'SET NULL' },
  ])('are refused by %j', async (rules) => {
    await expect(policyOf(order('tenant', rules), Organization)).rejects.toThrow(
      "Order clears the tenant column 'tenant' when a row of Organization is deleted or gets another key",
    );
    expect(await policyOf(order('otherId', rules), Organization)).toMatchObject({ kind: 'columns' });
  });

  it.each<RelationOptions>([{}, { onDelete: 'CASCADE' }, { onDelete: 'RESTRICT', onUpdate: 'CASCADE' }])(
    'are not made by %j',
    async (rules) => {
      expect(await policyOf(order('tenant', rules), Organization)).toMatchObject({ kind: 'columns' });
    },
  );
});

it('a tenant column is not cleared by a key of several columns either', async () => {
  @Entity()
  @TenantScoped()
  class Album {
    @PrimaryColumn() tenant!: string;
    @PrimaryColumn() number!: number;
  }
  @Entity()
  @TenantScoped({ nullMeans: 'shared' })
  class Photo {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: String, nullable: true }) tenant!: string | null;
    @ManyToOne(() => Album, { onDelete: 'SET NULL' })
    @JoinColumn([
      { name: 'tenant', referencedColumnName: 'tenant' },
      { name: 'albumNumber', referencedColumnName: 'number' },
    ])
    album!: Relation<Album> | null;
  }
  await expect(policyOf(Photo, Album)).rejects.toThrow(
    "Photo clears the tenant column 'tenant' when a row of Album is deleted",
  );
});

it('a declaration by the name of an entity counts for those that extend it, whatever else they extend', async () => {
  abstract class Plain {
    @PrimaryGeneratedColumn() id!: number;
  }
  @Entity()
  class Guide extends Plain {}
  @Entity()
  class Chapter extends Guide {}
  registerEntityTenancy('Guide', { kind: 'shared', why: 'the same for all' }, 'forRoot');
  expect(await policyOf(Chapter, Guide)).toEqual({ kind: 'shared' });
});

it('rows do not belong to rows of undeclared entities, even where those are allowed', async () => {
  @Entity()
  class Topic {
    @PrimaryGeneratedColumn() id!: number;
  }
  @Entity()
  @TenantScoped({ via: 'topic' })
  class Hint {
    @PrimaryGeneratedColumn() id!: number;
    @ManyToOne(() => Topic, { nullable: false }) topic!: Relation<Topic>;
  }
  const dataSource = await unconnected('postgres', [Hint, Topic]);
  const { policies } = requireEnforcement(dataSource);
  expect(policies.of(dataSource.getMetadata(Hint))).toEqual({ kind: 'undeclared' });
  policies.allowUndeclared();
  expect(() => policies.of(dataSource.getMetadata(Hint))).toThrow('Topic is undeclared');
});

it('a row belongs to one row alone: a code that several tenants have does not name it', async () => {
  @Entity()
  @TenantScoped()
  @Index(['region', 'code'])
  class Place {
    @PrimaryGeneratedColumn() id!: number;
    @Column() tenant!: string;
    @Column() region!: string;
    @Column() code!: string;
  }
  @Entity()
  @TenantScoped({ via: 'place' })
  class Shelf {
    @PrimaryGeneratedColumn() id!: number;
    @ManyToOne(() => Place, { nullable: false })
    @JoinColumn([
      { name: 'region', referencedColumnName: 'region' },
      { name: 'code', referencedColumnName: 'code' },
    ])
    place!: Relation<Place>;
  }
  await expect(policyOf(Shelf, Place)).rejects.toThrow('Shelf references Place by region, code, which is not unique');
});

it('an entity that is declared in two ways has no policy', async () => {
  @Entity()
  @TenantShared('of the world')
  @TenantScoped()
  class Ticket {
    @PrimaryGeneratedColumn() id!: number;
    @Column() tenant!: string;
  }
  await expect(policyOf(Ticket)).rejects.toThrow('Ticket has two different declarations: ');
});

it('a tenant column that is compared without case makes one tenant of two', async () => {
  @Entity()
  @TenantScoped()
  class Ticket {
    @PrimaryGeneratedColumn() id!: number;
    @Column({ type: 'citext' }) tenant!: string;
  }
  await expect(policyOf(Ticket)).rejects.toThrow("Ticket has the case-insensitive tenant column 'tenant'");
});
