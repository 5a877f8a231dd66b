import { MuckModule, scoped, TenantScoped, TenantShared, tenantFromUser } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  CreateDateColumn,
  DataSource,
  DeleteDateColumn,
  Entity,
  EntitySchema,
  ForeignKey,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  RelationId,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  UpdateDateColumn,
  VersionColumn,
  ViewColumn,
  ViewEntity,
  VirtualColumn,
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

/** Refers to itself. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'email'])
export class Member {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() email!: string;
  @OneToMany(() => Ticket, (ticket) => ticket.assignee) tickets!: Relation<Ticket[]>;
  @ManyToOne(() => Member, (member) => member.reports, { nullable: true }) manager!: Relation<Member> | null;
  @OneToMany(() => Member, (member) => member.manager) reports!: Relation<Member[]>;
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
  @OneToMany(() => Note, (note) => note.ticket, { cascade: true }) notes!: Relation<Note[]>;
  @OneToOne('Verdict', 'ticket') verdict!: Relation<Verdict> | null;
  @ManyToMany(() => Label, (label) => label.tickets) @JoinTable() labels!: Relation<Label[]>;
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

/** Its key is two foreign keys; scoped through one of them. */
@Entity()
@TenantScoped({ via: 'ticket' })
export class Watcher {
  @PrimaryColumn() ticketId!: number;
  @PrimaryColumn() memberId!: number;
  @Column({ default: '' }) reason!: string;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
  @ManyToOne(() => Member, { nullable: false }) member!: Relation<Member>;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Label {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @ManyToMany(() => Ticket, (ticket) => ticket.labels) tickets!: Relation<Ticket[]>;
  @RelationId((label: Label) => label.tickets) ticketIds!: number[];
  @ManyToMany(() => Label) @JoinTable() synonyms!: Relation<Label[]>;
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
  @TreeChildren() children!: Relation<Topic[]>;
}

@Entity()
@TenantScoped()
@Tree('materialized-path')
export class Folder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @TreeParent() parent!: Relation<Folder> | null;
  @TreeChildren() children!: Relation<Folder[]>;
}

/** One table for several entities. */
@Entity()
@TenantScoped()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Attachment {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@ChildEntity()
export class Photo extends Attachment {
  @Column({ nullable: true }) camera!: string;
}

@ChildEntity()
export class Recording extends Attachment {
  @Column({ nullable: true }) seconds!: number;
}

@ViewEntity({
  expression: (dataSource: DataSource) =>
    dataSource
      .createQueryBuilder()
      .select('ticket.id', 'id')
      .addSelect('ticket.organizationId', 'organizationId')
      .addSelect('ticket.subject', 'subject')
      .from(Ticket, 'ticket')
      .where("ticket.status = 'open'"),
})
@TenantScoped()
export class OpenTicket {
  @ViewColumn() id!: number;
  @ViewColumn() organizationId!: number;
  @ViewColumn() subject!: string;
}

/** Loads its ticket whenever it is loaded; the ticket is required. */
@Entity()
@TenantScoped()
export class Reminder {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @ManyToOne(() => Ticket, { eager: true, nullable: false }) ticket!: Relation<Ticket>;
}

export class Ownership {
  @Column({ name: 'owner' }) organizationId!: number;
}

/** Its tenant column is in an embedded object and has another name in the database. */
@Entity()
@TenantScoped({ columns: { organizationId: 'ownership.organizationId' } })
export class Invoice {
  @PrimaryGeneratedColumn() id!: number;
  @Column(() => Ownership) ownership!: Ownership;
  @Column() text!: string;
}

/** Its tenant column is left out of what is selected. */
@Entity()
@TenantScoped()
export class Credential {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ name: 'tenant', select: false }) organizationId!: number;
  @Column() text!: string;
}

/** Names a ticket by a plain column. */
@Entity()
@TenantScoped()
export class Quote {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @ForeignKey(() => Ticket) @Column({ type: Number, nullable: true }) ticketId!: number | null;
}

/** Its key is a foreign key and a word. */
@Entity()
@TenantScoped({ via: 'ticket' })
export class Translation {
  @PrimaryColumn() ticketId!: number;
  @PrimaryColumn({ length: 2 }) language!: string;
  @Column() text!: string;
  @ManyToOne(() => Ticket, { nullable: false }) ticket!: Relation<Ticket>;
}

/** Refers to another entity by two columns. */
@Entity()
@TenantScoped()
export class Proofreading {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @ManyToOne(() => Translation, { nullable: true }) translation!: Relation<Translation> | null;
}

/** One of its columns is read by raw SQL. */
@Entity()
@TenantScoped()
export class Tally {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @VirtualColumn({ query: () => 'SELECT MAX(subject) FROM ticket' }) latest!: string;
}

export interface Parcel {
  id: number;
  organizationId: number;
  text: string;
}

/** Has no class, so it is declared where the module is imported. */
export const ParcelSchema = new EntitySchema<Parcel>({
  name: 'parcel',
  columns: {
    id: { type: Number, primary: true, generated: true },
    organizationId: { type: Number },
    text: { type: String },
  },
});

MuckModule.forRoot({
  scope: { organizationId: Number },
  resolver: tenantFromUser('organizationId'),
  entities: [scoped(ParcelSchema)],
});

@Entity()
@TenantShared('release notes, the same for everybody')
export class News {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
}

export const DESK_ENTITIES = [
  Organization,
  Member,
  Ticket,
  Note,
  Verdict,
  Watcher,
  Label,
  Document,
  Topic,
  Folder,
  Attachment,
  Photo,
  Recording,
  OpenTicket,
  Reminder,
  Invoice,
  Credential,
  Quote,
  Translation,
  Proofreading,
  Tally,
  ParcelSchema,
  News,
];

/** A DataSource over the help desk's entities, initialised, with empty tables and a query cache in the database. */
export async function openDeskDataSource(options: DataSourceOptions): Promise<DataSource> {
  return new DataSource({
    synchronize: true,
    ...options,
    entities: DESK_ENTITIES,
    cache: true,
  }).initialize();
}
