import { Account } from '../accounts/account.entity.js';
import { NewsfeedItem } from '../newsfeed/newsfeed-item.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { Comment } from '../support-tickets/comment.entity.js';
import { HistoryEntry } from '../support-tickets/history-entry.entity.js';
import { Resolution } from '../support-tickets/resolution.entity.js';
import { SupportTicket } from '../support-tickets/support-ticket.entity.js';
import { Tag } from '../support-tickets/tag.entity.js';
import { User } from '../users/user.entity.js';

/** Every entity of the application, those without a route of their own included. */
export const entities = [
  Account,
  Organization,
  User,
  SupportTicket,
  Comment,
  Resolution,
  Tag,
  HistoryEntry,
  NewsfeedItem,
];
