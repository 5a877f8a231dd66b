import { TenantScoped, TenantShared } from 'nestjs-muck';
import {
  Column,
  CreateDateColumn,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { DataSourceOptions } from 'typeorm';

/*
 * A help desk of two tenants, Acme (1) and Globex (2), with one entity for each way in which TypeORM makes its SQL. Every text
 * of Globex holds the word "globex": an answer in which it stands has crossed.
 */

@Entity()
@TenantScoped({ columns: { organizationId: 'id' } })
export class Organization {
  @PrimaryColumn() id!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'email'])
export class Member {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() email!: string;
  @OneToMany(() => Ticket, (ticket) => ticket.assignee) tickets!: Ticket[];
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'orderNumber'])
export class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() orderNumber!: number;
  @Column() subject!: string;
  @Column({ default: 'open' }) status!: string;
  @Column({ default: 0 }) points!: number;
  @Column({ type: Number, nullable: true }) assigneeId!: number | null;
  @ManyToOne(() => Member, (member) => member.tickets, { nullable: true })
  assignee!: Relation<Member> | null;
  @OneToMany(() => Note, (note) => note.ticket, { cascade: true }) notes!: Note[];
  @OneToOne('Verdict', 'ticket') verdict!: Relation<Verdict> | null;
  @ManyToMany(() => Label, (label) => label.tickets) @JoinTable() labels!: Label[];
  @VersionColumn() version!: number;
  @CreateDateColumn() createdAt!: Date;
  @UpdateDateColumn() updatedAt!: Date;
  @DeleteDateColumn() deletedAt!: Date | null;
}

/** Scoped by its own column, and by a key to its ticket. */
@Entity()
@TenantScoped()
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() body!: string;
  @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @ManyToOne(() => Ticket, (ticket) => ticket.notes) ticket!: Relation<Ticket> | null;
}

/** Scoped through its ticket. */
@Entity()
@TenantScoped({ via: 'ticket' })
export class Verdict {
  @PrimaryGeneratedColumn() id!: number;
  @Column() summary!: string;
  @Column() ticketId!: number;
  @OneToOne(() => Ticket, (ticket) => ticket.verdict, { nullable: false }) @JoinColumn() ticket!: Relation<Ticket>;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @ManyToMany(() => Ticket, (ticket) => ticket.labels) tickets!: Ticket[];
}

/** A key made by the application or by the database, but not counted. */
@Entity()
@TenantScoped()
export class Document {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column() title!: string;
  @ManyToOne(() => Ticket, { lazy: true, nullable: true }) ticket!: Promise<Ticket | null>;
}

@Entity()
@TenantScoped()
@Tree('closure-table')
export class Topic {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @TreeParent() parent!: Relation<Topic> | null;
  @TreeChildren() children!: Topic[];
}

@Entity()
@TenantShared('release notes, the same for everybody')
export class News {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
}

export const DESK_ENTITIES = [Organization, Member, Ticket, Note, Verdict, Label, Document, Topic, News];

/** A DataSource over the help desk's entities, initialised, with empty tables. */
export async function openDesk(options: DataSourceOptions): Promise<DataSource> {
  return new DataSource({ ...options, entities: DESK_ENTITIES, synchronize: true } as DataSourceOptions).initialize();
}
