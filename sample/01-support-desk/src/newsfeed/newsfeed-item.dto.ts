import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDate, IsString, Length, ValidateIf } from 'class-validator';

export class NewsfeedItemDto {
  @ApiProperty({ example: 'Tickets can be restored.' })
  @IsString()
  @Length(1, 2000)
  text!: string;

  /** Now, unless it says otherwise. */
  @ValidateIf((_, value) => value !== undefined)
  @Type(() => Date)
  @IsDate()
  publishedAt?: Date;
}
