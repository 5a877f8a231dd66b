import { describe, expect, it } from '@jest/globals';
import { declareScope } from 'nestjs-muck';
import {
  Column,
  Entity,
  ForeignKey,
  JoinColumn,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { proposeDeclaration } from '../../../../lib/orm/startup/suggest-declaration.js';
import { unconnected } from '../../../support/unconnected.js';

declareScope({ organizationId: Number, branchId: Number, teamId: Number });

@Entity()
class Organization {
  @PrimaryGeneratedColumn() id!: number;
}
@Entity()
class Branch {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}
@Entity()
class Team {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() branchId!: number;
}
@Entity()
class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Organization) organization!: Relation<Organization>;
  @Column() @ForeignKey(() => Branch) branchId!: number;
  @Column() teamId!: number;
  @ManyToOne(() => Team) team!: Relation<Team>;
  @Column() authorId!: number;
  @ManyToOne(() => Author) author!: Relation<Author>;
}
@Entity()
class Author {
  @PrimaryGeneratedColumn() id!: number;
  @OneToMany(() => Ticket, (ticket) => ticket.author, { nullable: false }) tickets!: Relation<Ticket[]>;
}
@Entity()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Author, { nullable: false }) author!: Relation<Author>;
  @ManyToOne(() => Ticket) answers!: Relation<Ticket>;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
}
@Entity()
class Page {
  @PrimaryGeneratedColumn() id!: number;
  @OneToOne(() => Ticket, { nullable: false }) @JoinColumn() ticket!: Relation<Ticket>;
}
@Entity()
class Draft {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Ticket) ticket!: Relation<Ticket>;
}
/** Its parent is a part of itself. */
@Entity()
class Region {
  @PrimaryGeneratedColumn() id!: number;
  @Column() branchId!: number;
  @ManyToOne(() => Region) @JoinColumn({ name: 'branchId' }) branch!: Relation<Region>;
}

const ENTITIES = [Organization, Branch, Team, Ticket, Author, Note, Page, Draft, Region] as const;

describe('the declaration that is proposed', () => {
  it.each<[(typeof ENTITIES)[number], string, string]>([
    [Ticket, 'has a column for each scope key', '@TenantScoped()'],
    [
      Organization,
      'is a tenant, and knows nothing of the others',
      "@TenantScoped({ columns: { organizationId: 'id' }, omit: ['branchId', 'teamId'] })",
    ],
    [
      Branch,
      'is a tenant of a tenant, which it has a column for',
      "@TenantScoped({ columns: { branchId: 'id' }, omit: ['teamId'] })",
    ],
    [Team, 'is a tenant with columns for the others', "@TenantScoped({ columns: { teamId: 'id' } })"],
    [Note, 'refers to a row that must be there', "@TenantScoped({ via: 'ticket' })"],
    [Page, 'is one with a row that must be there', "@TenantScoped({ via: 'ticket' })"],
    [Draft, 'refers to a row that need not be there', "@TenantShared('why')"],
    [Author, 'is referred to by rows of tenants, which need not be there', "@TenantShared('why')"],
    [Region, 'refers to itself', "@TenantShared('why')"],
  ])('for %p, which %s', async (entity, _why, proposed) => {
    const dataSource = await unconnected('postgres', [...ENTITIES]);
    const proposal = proposeDeclaration(dataSource.getMetadata(entity), ({ name }) => name === 'Ticket');
    expect(proposal).toBe(proposed);
  });

  it('names each key that rows of one table represent', async () => {
    @Entity()
    class Owner {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    class Thing {
      @PrimaryGeneratedColumn() id!: number;
      @Column() @ForeignKey(() => Owner) organizationId!: number;
      @Column() @ForeignKey(() => Owner) teamId!: number;
    }
    const dataSource = await unconnected('postgres', [Owner, Thing]);
    expect(proposeDeclaration(dataSource.getMetadata(Owner), () => false)).toBe(
      "@TenantScoped({ columns: { organizationId: 'id', teamId: 'id' }, omit: ['branchId'] })",
    );
  });
});
