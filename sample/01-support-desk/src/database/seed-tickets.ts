import type { EntityManager } from 'typeorm';
import { Comment } from '../support-tickets/comment.entity.js';
import { HistoryEntry } from '../support-tickets/history-entry.entity.js';
import { Resolution } from '../support-tickets/resolution.entity.js';
import { SupportTicket } from '../support-tickets/support-ticket.entity.js';
import { Tag } from '../support-tickets/tag.entity.js';
import type { User } from '../users/user.entity.js';
import type { DemoOrganization } from './demo-data/people.js';
import { demoTags, demoTickets, type DemoTicket } from './demo-data/tickets.js';

/** A ticket of the demo data with the id it got. */
type StoredTicket = DemoTicket & { readonly id: number };

/** Writes an organization's tickets and all that hangs on them. */
export async function seedTickets(
  manager: EntityManager,
  organization: DemoOrganization,
  organizationId: number,
  people: User[],
): Promise<void> {
  const tickets = await insertTickets(manager, demoTickets(organization), organizationId, people);
  const tagIds = await insertTags(manager, demoTags(organization), organizationId);
  for (const [tag, tagId] of tagIds) {
    const tagged = tickets.filter((ticket) => ticket.tags.includes(tag)).map((ticket) => ticket.id);
    await manager.createQueryBuilder().relation(SupportTicket, 'tags').of(tagged).add(tagId);
  }
  await manager.insert(
    Comment,
    tickets.flatMap(({ id, comments }) =>
      comments.map(({ author, ...comment }) => ({
        ...comment,
        ticketId: id,
        authorId: people[author].id,
        organizationId,
      })),
    ),
  );
  await manager.insert(
    HistoryEntry,
    tickets.flatMap(({ id, history }) =>
      history.map(({ author, ...entry }) => ({ ...entry, ticketId: id, authorId: people[author].id, organizationId })),
    ),
  );
  await manager.insert(
    Resolution,
    tickets.flatMap(({ id, resolution }) => (resolution === null ? [] : [{ summary: resolution, ticketId: id }])),
  );
}

async function insertTickets(
  manager: EntityManager,
  demo: DemoTicket[],
  organizationId: number,
  people: User[],
): Promise<StoredTicket[]> {
  const rows = demo.map(({ orderNumber, subject, priority, status, assignee, createdAt, updatedAt }) => ({
    orderNumber,
    subject,
    priority,
    status,
    createdAt,
    updatedAt,
    organizationId,
    assigneeId: assignee === null ? null : people[assignee].id,
  }));
  const { identifiers } = await manager.insert(SupportTicket, rows);
  return demo.map((ticket, index) => ({ ...ticket, id: identifiers[index].id as number }));
}

/** @returns the id of each tag */
async function insertTags(
  manager: EntityManager,
  names: string[],
  organizationId: number,
): Promise<Map<string, number>> {
  const { identifiers } = await manager.insert(
    Tag,
    names.map((name) => ({ name, organizationId })),
  );
  return new Map(names.map((name, index) => [name, identifiers[index].id as number]));
}
