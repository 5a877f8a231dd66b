import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

export class TagDto {
  @ApiProperty({ example: 'fragile' })
  @IsString()
  @Length(1, 40, { message: '$property must have 1 to 40 characters' })
  name!: string;
}
