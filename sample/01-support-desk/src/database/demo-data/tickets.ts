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
const HOUR = 3_600_000;

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
  readonly comments: readonly { readonly body: string; readonly author: 0 | 1 }[];
  readonly resolution: string | null;
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
  return {
    orderNumber: FIRST_ORDER_NUMBER + index,
    subject: subjectOf(organization, index),
    priority: at(TICKET_PRIORITIES, index * 3 + shift),
    status,
    assignee: index % 4 === 3 ? null : (index + shift) % 2 === 0 ? 0 : 1,
    createdAt,
    updatedAt: new Date(createdAt.getTime() + (1 + (index % 7)) * HOUR),
    tags: tagsOf(organization, index),
    comments: Array.from({ length: (index + shift) % 4 }, (_, nth) => ({
      body: at(COMMENTS, index + nth),
      author: nth % 2 === 0 ? 0 : 1,
    })),
    resolution: status === 'closed' ? at(SUMMARIES, index) : null,
  };
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
