import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

@Entity('member')
@Index(['organizationId', 'id'])
export class Member {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column({ name: 'organization_id', type: 'int' }) organizationId!: number;
  @Column() name!: string;
  @Column() email!: string;
}

@Entity('project')
@Index(['organizationId', 'id'])
export class Project {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column({ name: 'organization_id', type: 'int' }) organizationId!: number;
  @Column() name!: string;
  @Column({ name: 'lead_id', type: 'bigint' }) leadId!: string;
  @ManyToOne(() => Member) @JoinColumn({ name: 'lead_id' }) lead!: Relation<Member>;
}

@Entity('ticket')
@Index(['organizationId', 'createdAt', 'id'])
export class Ticket {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column({ name: 'organization_id', type: 'int' }) organizationId!: number;
  @Column({ name: 'project_id', type: 'bigint' }) projectId!: string;
  @Column({ name: 'assignee_id', type: 'bigint' }) assigneeId!: string;
  @Column() subject!: string;
  @Column() status!: string;
  @Column({ type: 'int' }) priority!: number;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3 }) createdAt!: Date;
  @ManyToOne(() => Project) @JoinColumn({ name: 'project_id' }) project!: Relation<Project>;
  @ManyToOne(() => Member) @JoinColumn({ name: 'assignee_id' }) assignee!: Relation<Member>;
  @OneToMany(() => Comment, (comment) => comment.ticket) comments!: Relation<Comment>[];
}

@Entity('comment')
@Index(['organizationId', 'ticketId'])
export class Comment {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column({ name: 'organization_id', type: 'int' }) organizationId!: number;
  @Column({ name: 'ticket_id', type: 'bigint' }) ticketId!: string;
  @Column({ name: 'author_id', type: 'bigint' }) authorId!: string;
  @Column() body!: string;
  @ManyToOne(() => Ticket, (ticket) => ticket.comments) @JoinColumn({ name: 'ticket_id' }) ticket!: Relation<Ticket>;
  @ManyToOne(() => Member) @JoinColumn({ name: 'author_id' }) author!: Relation<Member>;
}
