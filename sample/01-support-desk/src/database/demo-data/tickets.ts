import type { HistoryEvent, FieldChange } from '../../support-tickets/history-entry.entity.js';
import { TICKET_PRIORITIES, TICKET_STATUSES } from '../../support-tickets/support-ticket.entity.js';
import type { TicketPriority, TicketStatus } from '../../support-tickets/support-ticket.entity.js';
import { ORGANIZATIONS, type DemoOrganization } from './people.js';

export const TICKETS_PER_ORGANIZATION = 60;

/** The same in every organization, so that a list that mixed them would show it. */
export const FIRST_ORDER_NUMBER = 1001;

const COMMON_TAGS = ['billing', 'bug', 'delivery', 'how-to'] as const;

/** Every third ticket has one of these: same order number, same subject, different organization. */
const COMMON_SUBJECTS = [
  'Cannot sign in after the password change',
  'Invoice shows the wrong amount',
  'Parcel is late',
  'How do I add a second address?',
  'Refund has not arrived',
  'App crashes when I attach a photo',
  'Order was delivered twice',
  'Please change the name on my account',
  'Discount code is refused',
  'Where can I download the manual?',
];

const COMMENTS = [
  'Asked the customer for a photo.',
  'The warehouse confirms it. A replacement goes out tomorrow.',
  'The customer called again and is in a hurry.',
  'Could not reproduce it here, asked for the exact steps.',
];

const SUMMARIES = ['Sent a replacement.', 'Refunded in full.', 'Explained where the setting is.'];

const FIRST_TICKET_AT = Date.parse('2026-01-05T08:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A ticket and what hangs on it; people are given by their place in the organization's list. */
export interface DemoTicket {
  readonly orderNumber: number;
  readonly subject: string;
  readonly priority: TicketPriority;
  readonly status: TicketStatus;
  readonly assignee: 0 | 1 | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly tags: readonly string[];
  readonly comments: readonly { readonly body: string; readonly author: 0 | 1; readonly createdAt: Date }[];
  readonly resolution: string | null;
  readonly history: readonly DemoHistoryEntry[];
}

/** What became of a ticket until it was as it is. */
export interface DemoHistoryEntry {
  readonly event: HistoryEvent;
  readonly changes: FieldChange[];
  readonly author: 0 | 1;
  readonly createdAt: Date;
}

/** All tags of an organization: some that the other one has by the same name, some of its own. */
export function demoTags(organization: DemoOrganization): string[] {
  return [...COMMON_TAGS, ...organization.tags];
}

/** The tickets of an organization, the same ones every time. */
export function demoTickets(organization: DemoOrganization): DemoTicket[] {
  return Array.from({ length: TICKETS_PER_ORGANIZATION }, (_, index) => demoTicket(organization, index));
}

function demoTicket(organization: DemoOrganization, index: number): DemoTicket {
  // Shifts what the organizations have in different places, so that equal numbers do not mean equal tickets.
  const shift = ORGANIZATIONS.indexOf(organization);
  const status = at(TICKET_STATUSES, index * 2 + shift);
  const createdAt = new Date(FIRST_TICKET_AT + (index * 5 + shift) * HOUR);
  const updatedAt = new Date(createdAt.getTime() + (1 + (index % 7)) * HOUR);
  const assignee = index % 4 === 3 ? null : (index + shift) % 2 === 0 ? 0 : 1;
  return {
    orderNumber: FIRST_ORDER_NUMBER + index,
    subject: subjectOf(organization, index),
    priority: at(TICKET_PRIORITIES, index * 3 + shift),
    status,
    assignee,
    createdAt,
    updatedAt,
    tags: tagsOf(organization, index),
    comments: Array.from({ length: (index + shift) % 4 }, (_, nth) => ({
      body: at(COMMENTS, index + nth),
      author: nth % 2 === 0 ? 0 : 1,
      createdAt: new Date(createdAt.getTime() + (nth + 1) * 20 * MINUTE),
    })),
    resolution: status === 'closed' ? at(SUMMARIES, index) : null,
    history: historyOf({ status, createdAt, updatedAt, author: assignee ?? 0 }),
  };
}

/** All tickets begin as open ones. */
function historyOf(
  ticket: Pick<DemoTicket, 'status' | 'createdAt' | 'updatedAt'> & { author: 0 | 1 },
): DemoHistoryEntry[] {
  const { status, createdAt, updatedAt, author } = ticket;
  const created: DemoHistoryEntry = { event: 'created', changes: [], author: 0, createdAt };
  if (status === 'open') return [created];
  const changes = [{ field: 'status', from: 'open', to: status }];
  return [created, { event: 'changed', changes, author, createdAt: updatedAt }];
}

function subjectOf(organization: DemoOrganization, index: number): string {
  const round = Math.floor(index / 3);
  if (index % 3 === 0) return numbered(COMMON_SUBJECTS, round);
  return numbered(organization.subjects, round * 2 + (index % 3) - 1);
}

/** The subject at this place; from the second time round with a number, so that a list is not all repeats. */
function numbered(subjects: readonly string[], place: number): string {
  const round = Math.floor(place / subjects.length);
  return round === 0 ? at(subjects, place) : `${at(subjects, place)} (${round + 1})`;
}

function tagsOf(organization: DemoOrganization, index: number): string[] {
  const tags: string[] = index % 5 === 4 ? [] : [at(COMMON_TAGS, index)];
  if (index % 6 === 0) tags.push(at(organization.tags, index / 6));
  return tags;
}

function at<T>(list: readonly T[], index: number): T {
  return list[index % list.length];
}
