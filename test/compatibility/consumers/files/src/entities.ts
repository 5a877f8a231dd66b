import { Exclude } from 'class-transformer';
import { IsDefined, IsEmail, IsNotEmpty, IsOptional } from 'class-validator';
import { TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryGeneratedColumn,
  Unique,
} from 'typeorm';
import type { Relation } from 'typeorm';

// As an application writes them: no initial values, so that class fields of ES2022 make each property `undefined`.

export class Address {
  @Column({ type: 'varchar', nullable: true }) city: string | null;
  @Column({ type: 'varchar', nullable: true }) country: string | null;
}

@Entity()
@TenantShared('the same plans for every organization')
export class Plan {
  @PrimaryGeneratedColumn() id: number;
  @Column() name: string;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'email'])
export class Customer {
  @PrimaryGeneratedColumn() id: number;
  @Column() organizationId: number;
  @Column() @IsNotEmpty() displayName: string;
  @Column() @IsEmail() email: string;
  @Column(() => Address) @IsOptional() address: Address;
  @Column({ nullable: true }) @Exclude() @IsOptional() passwordHash: string;
  @CreateDateColumn() createdAt: Date;
  @ManyToOne(() => Plan, { nullable: true }) plan: Relation<Plan>;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Tag {
  @PrimaryGeneratedColumn() id: number;
  @Column() organizationId: number;
  @Column() @IsNotEmpty() name: string;
}

@Entity()
@TenantScoped()
export class Ticket {
  @PrimaryGeneratedColumn('uuid') id: string;
  @Column() organizationId: number;
  @Column() @IsNotEmpty() subject: string;
  @ManyToOne(() => Customer, { nullable: false, onDelete: 'CASCADE' }) @IsDefined() openedBy: Relation<Customer>;
  @ManyToMany(() => Tag) @JoinTable({ name: 'ticket_tags' }) tags: Relation<Tag>[];
}

export const entities = [Plan, Customer, Tag, Ticket];
