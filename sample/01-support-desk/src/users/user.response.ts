import { Exclude, Expose } from 'class-transformer';
import type { UserRole } from './user.entity.js';

/** What colleagues see of each other. The account behind a user is nobody's business but its own. */
@Exclude()
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
