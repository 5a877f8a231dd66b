import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { Exclude } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length } from 'class-validator';
import { shared, TenantScoped, TenantShared } from 'nestjs-muck';
import {
  AbstractLogger,
  BeforeInsert,
  BeforeUpdate,
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import { openScopedApplication } from './scoped-application.js';
import type { ScopedApplication, ScopedApplicationParts } from './scoped-application.js';

@Entity()
@TenantScoped()
export class Agent {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @OneToMany(() => Ticket, (ticket) => ticket.assignee) tickets!: Ticket[];
}

/** What happens between the reading of a row and its update. */
export const meantime: { happens?: () => Promise<void> } = {};

@Entity()
@TenantScoped()
@Unique(['organizationId', 'orderNumber'])
export class Ticket {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() orderNumber!: number;
  @Column({ length: 40 }) subject!: string;
  @Column({ default: 'open' }) status!: string;
  @Column({ type: String, nullable: true }) note!: string | null;
  @Column({ type: Number, nullable: true }) assigneeId!: number | null;
  @ManyToOne(() => Agent, (agent) => agent.tickets) assignee!: Relation<Agent> | null;
  @ManyToMany(() => Tag) @JoinTable() tags!: Relation<Tag>[];
  @Column({ type: String, nullable: true, select: false }) secret!: string | null;
  @Exclude() @Column({ type: String, nullable: true }) audit!: string | null;
  @VersionColumn() version!: number;
  @CreateDateColumn() createdAt!: Date;
  @UpdateDateColumn() updatedAt!: Date;
  @DeleteDateColumn() deletedAt!: Date | null;

  @BeforeUpdate()
  wait(): Promise<void> | undefined {
    return meantime.happens?.();
  }
}

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Tag {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
}

/** What hooks have written. */
@Entity()
@TenantScoped()
export class HistoryEntry {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
  @Column({ type: Number, nullable: true }) ticketId!: number | null;
  @ManyToOne(() => Ticket) ticket!: Relation<Ticket> | null;
}

/** One column of each kind; nothing but the columns says what fits. */
@Entity()
@TenantScoped()
export class Specimen {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column() organizationId!: number;
  @Column({ type: 'varchar', length: 10, nullable: true }) code!: string | null;
  @Column({ type: 'smallint', nullable: true }) small!: number | null;
  @Column({ type: 'bigint', nullable: true }) big!: string | null;
  @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true }) price!: string | null;
  @Column({ type: 'float', nullable: true }) weight!: number | null;
  @Column({ type: 'boolean', nullable: true }) done!: boolean | null;
  @Column({ type: 'date', nullable: true }) day!: string | null;
  @Column({ type: Date, nullable: true }) at!: Date | null;
  @Column({ type: 'simple-enum', enum: ['red', 'green'], nullable: true }) color!: string | null;
  @Column({ type: 'uuid', nullable: true }) reference!: string | null;
  @Column({ type: 'simple-json', nullable: true }) meta!: unknown;
  @Column({ type: 'simple-array', nullable: true }) tags!: string[] | null;
  @Column({
    type: 'int',
    nullable: true,
    transformer: { to: (n: number | null) => n && n * 100, from: (n: number | null) => n && n / 100 },
  })
  euros!: number;
  @ManyToOne(() => Agent) keeper!: Relation<Agent> | null;
}

/** The entity's own rules say what a body may hold. */
@Entity()
@TenantScoped()
export class Article {
  @PrimaryColumn() slug!: string;
  @Column() organizationId!: number;
  @Column() @IsString() @Length(1, 20) title!: string;
  @Column({ default: 0 }) @IsOptional() @IsInt() rank!: number;
  @Column({ default: false }) featured!: boolean;
  @Column({ default: () => "'none'" }) @IsOptional() @IsString() origin!: string;

  @BeforeInsert()
  makeSlug(): void {
    this.slug ??= this.title.toLowerCase().replaceAll(' ', '-');
  }

  @BeforeUpdate()
  tidy(): void {
    this.title = this.title.trim();
  }
}

@Entity()
@TenantShared('release notes, the same for everybody')
@Unique(['code'])
export class News {
  @PrimaryGeneratedColumn() id!: number;
  @Column() code!: string;
  @Column({ default: '' }) text!: string;
  @Column({ type: Number, nullable: true }) followsId!: number | null;
  @ManyToOne(() => News) follows!: Relation<News> | null;
}

/** Says nothing itself: the module does. */
@Entity()
export class Bulletin {
  @PrimaryGeneratedColumn() id!: number;
  @Column() text!: string;
}

/** Two columns make its key. */
@Entity()
@TenantScoped()
export class Seat {
  @PrimaryColumn() organizationId!: number;
  @PrimaryColumn() place!: number;
}

export class CreateTicketDto {
  @IsInt() orderNumber!: number;
  @IsString() @Length(1, 100) subject!: string;
  @IsOptional() @IsIn(['open', 'closed']) status?: string = undefined;
  @IsOptional() @IsString() note?: string | null;
  @IsOptional() @IsInt() assigneeId?: number | null;
  @IsOptional() @IsString() secret?: string;
}

export const ENTITIES = [Agent, Ticket, Tag, HistoryEntry, Specimen, Article, News, Bulletin, Seat];

/** Who asks, in a header: `1` is a user of organization 1, `1/7` is user 7 of it. */
@Injectable()
export class TestGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: object }>();
    const [organizationId, id] = (request.headers['x-user'] ?? '').split('/').map(Number);
    if (organizationId) request.user = { organizationId, id };
    return true;
  }
}

class StatementLog extends AbstractLogger {
  constructor(private readonly note: (statement: string) => void) {
    super(['query']);
  }

  override logQuery(query: string): void {
    this.note(query);
  }

  protected override writeLog(): void {}
}

/** An application over an empty database with the desk's entities, and a client of it. */
export type Desk = ScopedApplication;

/** Opens an application with these controllers over the desk's entities, in an empty database. */
export function openCrudDesk(
  controllers: Type[],
  options: Omit<Partial<ScopedApplicationParts>, 'controllers' | 'options' | 'declarations'> & {
    /** Gets each statement that is sent. */
    logging?: (statement: string) => void;
  } = {},
): Promise<Desk> {
  const { logging, entities = [], ...parts } = options;
  return openScopedApplication({
    ...parts,
    controllers,
    entities: [...ENTITIES, ...entities],
    declarations: [shared(Bulletin, 'a notice board for everybody')],
    options: logging && { logging: ['query'], logger: new StatementLog(logging) },
  });
}
