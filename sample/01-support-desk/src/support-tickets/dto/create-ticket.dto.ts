import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import {
  TICKET_PRIORITIES,
  TICKET_STATUSES,
  type TicketPriority,
  type TicketStatus,
} from '../support-ticket.entity.js';

/** The largest number that the database's `integer` holds. */
const MAX_INTEGER = 2_147_483_647;

/** One message for all rules of a number, because a user wants to know which values are allowed. */
const NUMBER = { message: `$property must be a whole number from 1 to ${MAX_INTEGER}` };

/** What a client says of a ticket. Whose it is, is not among it: the tenant scope says that. */
export class CreateTicketDto {
  @ApiProperty({ example: 9001, description: 'The order it is about.' })
  @IsInt(NUMBER)
  @Min(1, NUMBER)
  @Max(MAX_INTEGER, NUMBER)
  orderNumber!: number;

  @ApiProperty({ example: 'The parcel arrived wet' })
  @IsString()
  @Length(1, 200, { message: '$property must have 1 to 200 characters' })
  subject!: string;

  @ValidateIf((_, value) => value !== undefined)
  @IsIn(TICKET_PRIORITIES)
  priority?: TicketPriority;

  @ValidateIf((_, value) => value !== undefined)
  @IsIn(TICKET_STATUSES)
  status?: TicketStatus;

  /** A user of the same organization; null if unassigned. */
  @ApiProperty({ example: 1, description: 'A user of the same organization; null if unassigned.' })
  @IsOptional()
  @IsInt(NUMBER)
  @Min(1, NUMBER)
  @Max(MAX_INTEGER, NUMBER)
  assigneeId?: number | null;

  /** The ids of its tags, all of them; left out, they stay as they are. */
  @ApiProperty({ example: [1], description: 'The ids of all its tags.' })
  @ValidateIf((_, value) => value !== undefined)
  @IsArray()
  @ArrayMaxSize(20)
  @IsInt({ each: true })
  tags?: number[];
}
