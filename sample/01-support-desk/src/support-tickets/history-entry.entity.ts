import { TenantScoped } from 'nestjs-muck';
import { Column, CreateDateColumn, Entity, Index, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';
import { SupportTicket } from './support-ticket.entity.js';

export const HISTORY_EVENTS = ['created', 'changed', 'deleted', 'restored'] as const;
export type HistoryEvent = (typeof HISTORY_EVENTS)[number];

/** One field of a ticket, in words that still say something when what they name is gone. */
export interface FieldChange {
  readonly field: string;
  /** Left out where only what came of it is known. */
  readonly from?: string | null;
  readonly to: string | null;
}

/** What became of a ticket, when, and through whom. Written with the change itself, and never changed. */
@Entity()
@TenantScoped()
@Index(['organizationId', 'ticketId'])
export class HistoryEntry {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'enum', enum: HISTORY_EVENTS })
  event!: HistoryEvent;

  @Column({ type: 'jsonb' })
  changes!: FieldChange[];

  @Index()
  @Column()
  ticketId!: number;

  @ManyToOne(() => SupportTicket, { nullable: false, onDelete: 'CASCADE' })
  ticket!: Relation<SupportTicket>;

  @Index()
  @Column()
  authorId!: number;

  @ManyToOne(() => User, { nullable: false })
  author!: Relation<User>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column()
  organizationId!: number;

  @ManyToOne(() => Organization, { nullable: false })
  organization!: Relation<Organization>;
}
