import { Controller, UseGuards } from '@nestjs/common';
import { IsArray, IsInt, IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  VersionColumn,
} from 'typeorm';
import { TestGuard } from '../../crud/desk.js';
import type { Adapter } from '../../support/adapters.js';
import type { DatabaseKind } from '../../support/databases.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';
import type { Message } from '../../support/transport.js';

/*
 * A help desk whose answers hold no time of day and no random key: two of them that were asked the same say the same, letter for letter.
 */

@Entity()
@TenantScoped()
export class Agent {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @OneToMany(() => Ticket, (ticket) => ticket.assignee) tickets!: Relation<Ticket>[];
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'orderNumber'])
export class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() orderNumber!: number;
  @Column({ length: 60 }) subject!: string;
  @Column({ default: 'open' }) status!: string;
  @Column({ type: Number, nullable: true }) points!: number | null;
  @Column({ type: Number, nullable: true }) assigneeId!: number | null;
  @ManyToOne(() => Agent, (agent) => agent.tickets) assignee!: Relation<Agent> | null;
  @ManyToMany(() => Tag) @JoinTable() tags!: Relation<Tag>[];
  @OneToMany(() => Note, (note) => note.ticket) notes!: Relation<Note>[];
  @VersionColumn() version!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

@Entity()
@TenantScoped()
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() body!: string;
  @Column() ticketId!: number;
  @ManyToOne(() => Ticket, (ticket) => ticket.notes, { nullable: false }) ticket!: Relation<Ticket>;
}

class TicketDto {
  @IsInt() orderNumber!: number;
  @IsString() subject!: string;
  @IsOptional() @IsString() status?: string;
  @IsOptional() @IsInt() points?: number | null;
  @IsOptional() @IsInt() assigneeId?: number | null;
  @IsOptional() @IsArray() tags?: number[];
}

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  dto: { create: TicketDto },
  also: ['createMany', 'restore'],
  filter: [
    'id',
    'orderNumber',
    'subject',
    'status',
    'points',
    'assigneeId',
    'assignee.name',
    'tags.name',
    'notes.body',
  ],
  sort: ['orderNumber', 'subject', 'status', 'points', 'assignee.name'],
  search: ['subject'],
  include: ['assignee.tickets', 'tags', 'notes'],
})
class TicketsController extends CrudController<Ticket> {}

@Controller('agents')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Agent, {
  filter: ['id', 'name', 'tickets.status', 'tickets.tags.name'],
  search: ['name'],
  include: ['tickets.tags', 'tickets.notes'],
})
class AgentsController extends CrudController<Agent> {}

@Controller('tags')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Tag, { search: ['name'], list: 'flat' })
class TagsController extends CrudController<Tag> {}

@Controller('tickets/:ticketId/notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, { parent: { relation: 'ticket' }, include: ['ticket.assignee'], search: ['body'] })
class NotesController extends CrudController<Note> {}

/** Opens a help desk over an empty database. */
export function openDesk(adapter: Adapter, database: DatabaseKind): Promise<ScopedApplication> {
  return openScopedApplication({
    adapter,
    database,
    entities: [Agent, Ticket, Tag, Note],
    controllers: [TicketsController, AgentsController, TagsController, NotesController],
    providers: [TestGuard],
  });
}

export type Method = NonNullable<Message['method']>;

/** A request in the name of a user of an organization. */
export function messageOf(user: '1' | '2', method: Method, url: string, body?: object): Message {
  const headers = { 'x-user': user };
  if (body === undefined) return { method, url, headers };
  return { method, url, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
