import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class LoginDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(254)
  email!: string;

  /** Bounded, because hashing a long one is work that a stranger makes us do. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  password!: string;
}
