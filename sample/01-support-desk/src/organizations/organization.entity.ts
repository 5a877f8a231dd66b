import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, OneToMany, PrimaryGeneratedColumn } from 'typeorm';
import type { SupportTicket } from '../support-tickets/support-ticket.entity.js';
import type { User } from '../users/user.entity.js';

/** A tenant. Its own id is its tenant column, so a query finds one organization: the caller's. */
@Entity()
@TenantScoped({ columns: { organizationId: 'id' } })
export class Organization {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  name!: string;

  @OneToMany('User', 'organization')
  users!: User[];

  @OneToMany('SupportTicket', 'organization')
  tickets!: SupportTicket[];
}
