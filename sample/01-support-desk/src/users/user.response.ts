import { Expose } from 'class-transformer';
import type { UserRole } from './user.entity.js';

/** What colleagues see of each other: what is exposed here, so not the account behind a user. */
export class UserResponse {
  @Expose()
  id!: number;

  @Expose()
  name!: string;

  @Expose()
  email!: string;

  @Expose()
  role!: UserRole;
}
