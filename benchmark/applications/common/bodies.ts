import { IsInt, IsNumberString, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** The body that creates a ticket, validated alike by every contestant. */
export class CreateTicket {
  @IsNumberString() projectId!: string;
  @IsNumberString() assigneeId!: string;
  @IsString() @Length(1, 200) subject!: string;
  @IsString() @Length(1, 20) status!: string;
  @IsInt() @Min(1) @Max(5) priority!: number;
}

/** The body that changes a ticket. */
export class UpdateTicket {
  @IsOptional() @IsString() @Length(1, 200) subject?: string;
  @IsOptional() @IsString() @Length(1, 20) status?: string;
  @IsOptional() @IsInt() @Min(1) @Max(5) priority?: number;
}
