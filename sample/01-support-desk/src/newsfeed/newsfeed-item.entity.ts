import { TenantShared } from 'nestjs-muck';
import { Column, Entity, Index, PrimaryGeneratedColumn, VersionColumn } from 'typeorm';

/** What is new on the platform. */
@Entity()
@TenantShared('platform news, the same for every organization')
export class NewsfeedItem {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  text!: string;

  @Index()
  @Column({ type: 'timestamptz', default: () => 'now()' })
  publishedAt!: Date;

  /** Counts the changes: a change with If-Match cannot overwrite another user's. */
  @VersionColumn()
  version!: number;
}
