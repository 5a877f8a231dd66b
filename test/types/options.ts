import { Injectable } from '@nestjs/common';
import { expectTypeOf } from 'expect-type';
import { Crud, CrudController } from 'nestjs-muck';
import type { CrudHooks, CrudOptions, FieldPath, ListQuery, Page, RelationPath } from 'nestjs-muck';
import { Agent, CreateTicketDto, HistoryEntry, Specimen, Tag, Ticket } from '../support/crud-desk.js';

/*
 * Compiled, never run: what an application writes wrong does not compile, and what it writes right does.
 */

@Injectable()
class TicketHooks implements CrudHooks<Ticket> {
  beforeCreate(ticket: Ticket): void {
    ticket.subject = ticket.subject.trim();
  }
}

@Injectable()
class TagHooks implements CrudHooks<Tag> {
  beforeCreate(tag: Tag): void {
    tag.name = tag.name.trim();
  }
}

export const right: CrudOptions<Ticket> = {
  dto: { create: CreateTicketDto, response: Ticket },
  id: 'orderNumber',
  filter: ['subject', 'assignee.name', 'tags.name', 'assignee.tickets.subject', 'assignee.tickets.tags.name'],
  sort: ['createdAt', 'assignee.name'],
  search: ['subject'],
  fields: ['id', 'subject'],
  include: ['assignee', 'tags', 'assignee.tickets', 'assignee.tickets.tags'],
  links: ['tags'],
  also: ['createMany', 'restore'],
  hooks: [TicketHooks],
};

export const below: CrudOptions<HistoryEntry> = {
  only: ['findAll', 'findOne'],
  parent: { relation: 'ticket', param: 'number', id: 'orderNumber', parent: { relation: 'assignee' } },
};

/** Objects of one column have unknown names. */
export const specimens: CrudOptions<Specimen> = { filter: ['code', 'at', 'keeper.name'], sort: ['tags'] };

export const wrong: CrudOptions<Ticket>[] = [
  // @ts-expect-error no such column
  { search: ['subjct'] },
  // @ts-expect-error no such column
  { sort: ['creatdAt'] },
  // @ts-expect-error no such column
  { filter: ['stauts'] },
  // @ts-expect-error no such column of the related row
  { filter: ['assignee.nmae'] },
  // @ts-expect-error no such column behind two relations
  { sort: ['assignee.tickets.subjct'] },
  // @ts-expect-error no such relation
  { filter: ['asignee.name'] },
  // @ts-expect-error no such column
  { fields: ['subjct'] },
  // @ts-expect-error no such column
  { id: 'slug' },
  // @ts-expect-error a column is no relation
  { include: ['subject'] },
  // @ts-expect-error no such relation of the related row
  { include: ['assignee.comments'] },
  // @ts-expect-error more relations than three
  { include: ['assignee.tickets.assignee.tickets'] },
  // @ts-expect-error a column is no relation
  { links: ['subject'] },
  // @ts-expect-error a relation to one row has no links
  { links: ['assignee'] },
  // @ts-expect-error no such route
  { only: ['findal'] },
  // @ts-expect-error a default route is there without being named
  { also: ['create'] },
  // @ts-expect-error no such relation
  { parent: { relation: 'nope' } },
  // @ts-expect-error a relation to many rows leads to no parent
  { parent: { relation: 'tags' } },
  // @ts-expect-error no such relation of the parent
  { parent: { relation: 'assignee', parent: { relation: 'ticket' } } },
  // @ts-expect-error no such column of the parent
  { parent: { relation: 'assignee', id: 'slug' } },
  // @ts-expect-error hooks of another entity
  { hooks: [TagHooks] },
  // @ts-expect-error a class, not a row
  { dto: { create: new CreateTicketDto() } },
  // @ts-expect-error no such body
  { dto: { creat: CreateTicketDto } },
  // @ts-expect-error no such option
  { sorts: ['createdAt'] },
];

expectTypeOf<RelationPath<Agent>>().toEqualTypeOf<
  'tickets' | 'tickets.assignee' | 'tickets.tags' | 'tickets.assignee.tickets'
>();

class Lazy {
  name!: string;
  born!: Date;
  pages!: Promise<Agent[]>;
  owner!: Promise<Agent | null>;
}
expectTypeOf<RelationPath<Tag>>().toEqualTypeOf<never>();
expectTypeOf<Extract<RelationPath<Lazy>, 'pages' | 'owner' | 'owner.tickets' | 'born' | 'name'>>().toEqualTypeOf<
  'pages' | 'owner' | 'owner.tickets'
>();
expectTypeOf<FieldPath<Tag>>().toEqualTypeOf<'id' | 'organizationId' | 'name'>();

@Crud(Ticket, right)
export class RightController extends CrudController<Ticket> {
  override async findAll(query: ListQuery<Ticket>): Promise<Page<Ticket>> {
    expectTypeOf(query.limit).toEqualTypeOf<number | undefined>();
    return super.findAll(query);
  }

  override findOne(id: number): Promise<Ticket> {
    return super.findOne(id);
  }

  override create(ticket: CreateTicketDto, source?: string): Promise<Ticket> {
    return super.create({ ...ticket, note: source });
  }

  linkTags(id: number, tagId: number): Promise<void> {
    return this.service.link(id, 'tags', tagId);
  }

  unlinkTags(id: number, tagId: number): Promise<void> {
    // @ts-expect-error no such relation
    return this.service.unlink(id, 'tgas', tagId);
  }
}

// @ts-expect-error a controller of another entity
@Crud(Tag)
export class WrongEntityController extends CrudController<Ticket> {}

export class WrongController extends CrudController<Ticket> {
  // @ts-expect-error a row of another entity
  override findOne(id: number): Promise<Tag> {
    return Promise.reject(new Error(String(id)));
  }

  // @ts-expect-error a list of another entity
  override findAll(query: ListQuery<Tag>): Promise<Page<Tag>> {
    return Promise.reject(new Error(String(query.limit)));
  }

  // @ts-expect-error a date is no id
  override remove(id: Date): Promise<void> {
    return Promise.reject(new Error(String(id)));
  }

  protected override scope(): Partial<Ticket> {
    // @ts-expect-error no such column
    return { asigneeId: 1 };
  }
}
