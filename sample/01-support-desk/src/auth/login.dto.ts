import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class LoginDto {
  @ApiProperty({ maxLength: 254, example: 'ada@acme.example' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(254)
  email!: string;

  /** Bounded, because hashing a long one is work that a stranger makes us do. */
  @ApiProperty({ maxLength: 128, example: 'demo' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  password!: string;
}
