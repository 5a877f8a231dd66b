import { TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, Index, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { Relation } from 'typeorm';

@Entity()
@TenantScoped()
@Index(['organizationId', 'status'])
export class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() status!: string;
}

/** Has no index for its tenant, and a unique key that tells. */
@Entity()
@Unique(['code'])
@TenantScoped()
export class Voucher {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() code!: string;
}

@Entity()
@Index(['ticket'])
@TenantScoped({ via: 'ticket' })
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
}

@Entity()
@Index(['organizationId'])
@TenantScoped({ globallyUnique: { email: 'addresses are public anyway' } })
export class Contact {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ unique: true }) email!: string;
}

@Entity()
@TenantShared('the same for all')
export class Country {
  @PrimaryGeneratedColumn() id!: number;
}

/** Belongs to a tenant, or to all. */
@Entity()
@Index(['organizationId'])
@TenantScoped({ nullMeans: 'shared' })
export class Template {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: Number, nullable: true }) organizationId!: number | null;
}

@Entity()
export class Forgotten {
  @PrimaryGeneratedColumn() id!: number;
}
