import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToMany, ManyToOne, PrimaryGeneratedColumn, Unique, type Relation } from 'typeorm';
import { Organization } from '../organizations/organization.entity.js';
import type { SupportTicket } from './support-ticket.entity.js';

/** A word that an organization sorts its tickets by. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Tag {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;

  @Column()
  organizationId!: number;

  @ManyToOne(() => Organization, { nullable: false })
  organization!: Relation<Organization>;

  @ManyToMany('SupportTicket', 'tags')
  tickets!: SupportTicket[];
}
