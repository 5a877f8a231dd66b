import { IsString, Length } from 'class-validator';

export class TagDto {
  @IsString()
  @Length(1, 40)
  name!: string;
}
