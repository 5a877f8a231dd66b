import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateIf } from 'class-validator';
import {
  TICKET_PRIORITIES,
  TICKET_STATUSES,
  type TicketPriority,
  type TicketStatus,
} from '../support-ticket.entity.js';

/** The largest number that the database's `integer` holds. */
const MAX_INTEGER = 2_147_483_647;

/** What a client says of a ticket. Whose it is, is not among it: the tenant scope says that. */
export class CreateTicketDto {
  @IsInt()
  @Min(1)
  @Max(MAX_INTEGER)
  orderNumber!: number;

  @IsString()
  @Length(1, 200)
  subject!: string;

  @ValidateIf((_, value) => value !== undefined)
  @IsIn(TICKET_PRIORITIES)
  priority?: TicketPriority;

  @ValidateIf((_, value) => value !== undefined)
  @IsIn(TICKET_STATUSES)
  status?: TicketStatus;

  /** A user of the same organization; null for nobody. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_INTEGER)
  assigneeId?: number | null;
}
