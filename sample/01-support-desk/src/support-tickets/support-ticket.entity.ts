import { TenantScoped } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  Index,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  Unique,
  UpdateDateColumn,
  VersionColumn,
  type Relation,
} from 'typeorm';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';
import type { Comment } from './comment.entity.js';
import type { Resolution } from './resolution.entity.js';
import { Tag } from './tag.entity.js';

/** In order of urgency: the database sorts by this order. */
export const TICKET_PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export type TicketPriority = (typeof TICKET_PRIORITIES)[number];

export const TICKET_STATUSES = ['open', 'pending', 'closed'] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

/** Something that an organization's customer needs help with. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'orderNumber'])
@Index(['organizationId', 'createdAt'])
export class SupportTicket {
  @PrimaryGeneratedColumn()
  id!: number;

  /** The order it is about. Every organization counts its own, so two of them may have the same number. */
  @Column()
  orderNumber!: number;

  @Column()
  subject!: string;

  @Column({ type: 'enum', enum: TICKET_PRIORITIES, default: 'normal' satisfies TicketPriority })
  priority!: TicketPriority;

  @Column({ type: 'enum', enum: TICKET_STATUSES, default: 'open' satisfies TicketStatus })
  status!: TicketStatus;

  @Column()
  organizationId!: number;

  @ManyToOne(() => Organization, (organization) => organization.tickets, { nullable: false })
  organization!: Relation<Organization>;

  @Index()
  @Column({ type: 'integer', nullable: true })
  assigneeId!: number | null;

  @ManyToOne(() => User, (user) => user.assignedTickets, { onDelete: 'SET NULL' })
  assignee!: Relation<User> | null;

  @OneToMany('Comment', 'ticket')
  comments!: Comment[];

  @OneToOne('Resolution', 'ticket')
  resolution!: Relation<Resolution> | null;

  @ManyToMany(() => Tag, (tag) => tag.tickets)
  @JoinTable({
    name: 'support_ticket_tag',
    joinColumn: { name: 'ticketId' },
    inverseJoinColumn: { name: 'tagId' },
  })
  tags!: Tag[];

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz' })
  updatedAt!: Date;

  /** Counts the changes: an update with If-Match cannot overwrite another user's change. */
  @VersionColumn()
  version!: number;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt!: Date | null;
}
