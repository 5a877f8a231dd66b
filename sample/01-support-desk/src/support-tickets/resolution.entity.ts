import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, JoinColumn, OneToOne, PrimaryGeneratedColumn, VersionColumn, type Relation } from 'typeorm';
import { SupportTicket } from './support-ticket.entity.js';

/** How a ticket ended; at most one for each. It has no tenant column: it belongs to whom its ticket belongs to. */
@Entity()
@TenantScoped({ via: 'ticket' })
export class Resolution {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  summary!: string;

  /** Counts the changes: a change with If-Match cannot overwrite another user's. */
  @VersionColumn()
  version!: number;

  @Column()
  ticketId!: number;

  @OneToOne(() => SupportTicket, (ticket) => ticket.resolution, { nullable: false, onDelete: 'CASCADE' })
  @JoinColumn()
  ticket!: Relation<SupportTicket>;
}
