import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

/** What a client says of a comment. Who wrote it and about which ticket is known without it. */
export class CommentDto {
  @ApiProperty({ example: 'The customer sent a photo.' })
  @IsString()
  @Length(1, 5000, { message: '$property must have 1 to 5000 characters' })
  body!: string;
}
