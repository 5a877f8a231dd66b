import { TenantShared } from 'nestjs-muck';
import { Column, Entity, OneToMany, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { User } from '../users/user.entity.js';

/** What a person signs in with. Which organization they then work for is said by a {@link User}. */
@Entity()
@TenantShared('sign-in comes before any tenant is known')
@Unique(['email'])
export class Account {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  email!: string;

  /** Never part of a result unless a query asks for it by name. */
  @Column({ select: false })
  passwordHash!: string;

  /** May write what all organizations read: the newsfeed. */
  @Column({ default: false })
  platformAdmin!: boolean;

  @OneToMany('User', 'account')
  memberships!: User[];
}
