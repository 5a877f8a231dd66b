import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

/** How a ticket ended; which one it is, the path says. */
export class ResolutionDto {
  @ApiProperty({ example: 'Sent anew.' })
  @IsString()
  @Length(1, 2000, { message: '$property must have 1 to 2000 characters' })
  summary!: string;
}
