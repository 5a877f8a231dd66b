import { Exclude } from 'class-transformer';
import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, Unique, type Relation } from 'typeorm';
import { Account } from '../accounts/account.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import type { SupportTicket } from '../support-tickets/support-ticket.entity.js';

export const USER_ROLES = ['agent', 'admin'] as const;
export type UserRole = (typeof USER_ROLES)[number];

/** The membership of an account in an organization, and the person its colleagues see. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'accountId'])
@Unique(['organizationId', 'email'])
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  /** Credentials are in no response, also not in those that include the user. */
  @Exclude()
  @Column()
  accountId!: number;

  @ManyToOne(() => Account, (account) => account.memberships, { nullable: false })
  account!: Relation<Account>;

  @Column()
  email!: string;

  @Column()
  name!: string;

  @Column({ type: 'enum', enum: USER_ROLES, default: 'agent' satisfies UserRole })
  role!: UserRole;

  @Column()
  organizationId!: number;

  @ManyToOne(() => Organization, (organization) => organization.users, { nullable: false })
  organization!: Relation<Organization>;

  @OneToMany('SupportTicket', 'assignee')
  assignedTickets!: SupportTicket[];
}
