import { TenantScoped } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  ManyToOne,
  PrimaryGeneratedColumn,
  VersionColumn,
  type Relation,
} from 'typeorm';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';
import { SupportTicket } from './support-ticket.entity.js';

/** What a user wrote about a ticket. */
@Entity()
@TenantScoped()
@Index(['organizationId', 'ticketId'])
export class Comment {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  body!: string;

  @Index()
  @Column()
  ticketId!: number;

  @ManyToOne(() => SupportTicket, (ticket) => ticket.comments, { nullable: false, onDelete: 'CASCADE' })
  ticket!: Relation<SupportTicket>;

  @Index()
  @Column()
  authorId!: number;

  @ManyToOne(() => User, { nullable: false })
  author!: Relation<User>;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  /** Counts the changes: a change with If-Match cannot overwrite another user's. */
  @VersionColumn()
  version!: number;

  @Column()
  organizationId!: number;

  @ManyToOne(() => Organization, { nullable: false })
  organization!: Relation<Organization>;
}
