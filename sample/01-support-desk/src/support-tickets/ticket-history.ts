import { Injectable } from '@nestjs/common';
import type { CrudHooks, EntityId, HookContext, RowChanges } from 'nestjs-muck';
import { DataSource, In, type EntityManager } from 'typeorm';
import { memberOf, type SignedInRequest } from '../auth/signed-in-user.js';
import { User } from '../users/user.entity.js';
import { HistoryEntry, type FieldChange, type HistoryEvent } from './history-entry.entity.js';
import type { SupportTicket } from './support-ticket.entity.js';
import { Tag } from './tag.entity.js';

type Context = HookContext<SignedInRequest>;

/** The fields whose changes are worth a line, and what the line calls them. */
const FIELDS = { orderNumber: 'order number', subject: 'subject', priority: 'priority', status: 'status' } as const;

/**
 * Writes down what becomes of a ticket, with the manager of the change's own transaction: either both are stored or neither.
 * That manager is as scoped as any other, so neither the entry nor the names in it can come from another organization.
 */
@Injectable()
export class TicketHistory implements CrudHooks<SupportTicket> {
  constructor(private readonly dataSource: DataSource) {}

  async afterCreate(ticket: SupportTicket, context: Context): Promise<void> {
    await this.write('created', ticket, [], context);
  }

  async afterReplace(ticket: SupportTicket, context: Context & RowChanges<SupportTicket>): Promise<void> {
    await this.afterUpdate(ticket, context);
  }

  async afterUpdate(ticket: SupportTicket, context: Context & RowChanges<SupportTicket>): Promise<void> {
    const changes = [
      ...changedFields(ticket, context),
      ...(await changedAssignee(ticket, context)),
      ...(await changedTags(context)),
    ];
    if (changes.length > 0) await this.write('changed', ticket, changes, context);
  }

  async afterRemove(ticket: SupportTicket, context: Context): Promise<void> {
    await this.write('deleted', ticket, [], context);
  }

  async afterRestore(ticket: SupportTicket, context: Context): Promise<void> {
    await this.write('restored', ticket, [], context);
  }

  /** Links have no hooks: what a route does to a ticket's tags is noted after it, unless it has changed nothing. */
  async ofTags(id: EntityId, request: SignedInRequest, change: () => Promise<void>): Promise<void> {
    const { manager } = this.dataSource;
    const ticketId = Number(id);
    const before = await tagsOf(ticketId, manager);
    await change();
    const after = await tagsOf(ticketId, manager);
    if (after === before) return;
    const changes = [{ field: 'tags', from: before, to: after }];
    await manager.insert(HistoryEntry, { event: 'changed', changes, ticketId, authorId: memberOf(request).userId });
  }

  private async write(
    event: HistoryEvent,
    { id }: SupportTicket,
    changes: FieldChange[],
    { manager, request }: Context,
  ): Promise<void> {
    await manager.insert(HistoryEntry, { event, changes, ticketId: id, authorId: memberOf(request).userId });
  }
}

function changedFields(ticket: SupportTicket, { previous, changes }: RowChanges<SupportTicket>): FieldChange[] {
  return (Object.keys(FIELDS) as (keyof typeof FIELDS)[])
    .filter((property) => property in changes)
    .map((property) => ({ field: FIELDS[property], from: String(previous[property]), to: String(ticket[property]) }));
}

async function changedAssignee(
  { assigneeId }: SupportTicket,
  { previous, changes, manager }: Context & RowChanges<SupportTicket>,
): Promise<FieldChange[]> {
  if (!('assigneeId' in changes)) return [];
  const [from, to] = [await nameOf(previous.assigneeId, manager), await nameOf(assigneeId, manager)];
  return [{ field: 'assignee', from, to }];
}

async function changedTags({ changes, manager }: Context & RowChanges<SupportTicket>): Promise<FieldChange[]> {
  if (changes.tags === undefined) return [];
  const ids = changes.tags.map(({ id }) => id);
  const tags = await manager.find(Tag, { where: { id: In(ids) }, order: { name: 'ASC' } });
  return [{ field: 'tags', to: tags.map(({ name }) => name).join(', ') || null }];
}

async function nameOf(userId: number | null, manager: EntityManager): Promise<string | null> {
  if (userId === null) return null;
  const user = await manager.findOne(User, { where: { id: userId }, select: { name: true } });
  return user?.name ?? null;
}

async function tagsOf(ticketId: number, manager: EntityManager): Promise<string | null> {
  const tags = await manager.find(Tag, { where: { tickets: { id: ticketId } }, order: { name: 'ASC' } });
  return tags.map(({ name }) => name).join(', ') || null;
}
