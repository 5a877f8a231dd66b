import { TenantShared } from 'nestjs-muck';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

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
}
