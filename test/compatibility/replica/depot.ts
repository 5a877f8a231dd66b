import { Body, Controller, Get, Injectable, Param, ParseIntPipe, Post, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { IsArray, IsInt, IsOptional, IsString } from 'class-validator';
import { Crud, CrudController, InjectCrud, MuckModule, tenantFromUser, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, CrudService, HookContext } from 'nestjs-muck';
import {
  Column,
  DataSource,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
  Repository,
  Unique,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import type { Adapter } from '../../support/adapters.js';
import { openTransport } from '../../support/transport.js';

/*
 * An application over a primary and a replica that is behind: whatever a write reads there is missing, or old.
 */

@Entity()
@TenantScoped()
@Unique(['organizationId', 'name'])
export class Shelf {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) name!: string;
  @OneToMany(() => Box, (box) => box.shelf, { cascade: true }) boxes?: Relation<Box[]>;
}

@Entity()
@TenantScoped()
export class Mark {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) name!: string;
}

@Entity()
@TenantScoped()
export class Box {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 40 }) label!: string;
  @Column({ type: Number, nullable: true }) shelfId!: number | null;
  @ManyToOne(() => Shelf, (shelf) => shelf.boxes, { nullable: true }) shelf?: Relation<Shelf> | null;
  @ManyToMany(() => Mark) @JoinTable() marks?: Relation<Mark[]>;
  @VersionColumn() version!: number;
  @UpdateDateColumn() updatedAt!: Date;
}

@Entity()
@TenantScoped()
export class Move {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() boxId!: number;
  @ManyToOne(() => Box, { nullable: false, onDelete: 'CASCADE' }) box?: Relation<Box>;
  @Column({ length: 80 }) text!: string;
}

/** Reads by a repository of its own, not by the hook's manager, what the request has written. */
@Injectable()
class BoxHistory implements CrudHooks<Box> {
  constructor(@InjectRepository(Move) private readonly moves: Repository<Move>) {}

  async afterUpdate(box: Box, { manager }: HookContext): Promise<void> {
    const { label } = await manager.findOneByOrFail(Box, { id: box.id });
    await manager.insert(Move, { boxId: box.id, text: `now ${label}` });
  }

  async updateCommitted(box: Box): Promise<void> {
    const last = await this.moves.findOneOrFail({ where: { boxId: box.id }, order: { id: 'DESC' } });
    await this.moves.update(last.id, { text: `${last.text}, committed` });
  }
}

@Injectable()
class User implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { organizationId: Number(request.headers['x-organization']) };
    return true;
  }
}

@Controller('shelves')
@UseGuards(User)
@TenantScoped()
@Crud(Shelf)
class ShelvesController extends CrudController<Shelf> {}

@Controller('marks')
@UseGuards(User)
@TenantScoped()
@Crud(Mark)
class MarksController extends CrudController<Mark> {}

class BoxDto {
  @IsString() label!: string;
  @IsOptional() @IsInt() shelfId?: number | null;
  @IsOptional() @IsArray() marks?: number[];
}

@Controller('boxes')
@UseGuards(User)
@TenantScoped()
@Crud(Box, { dto: { create: BoxDto }, hooks: [BoxHistory], links: ['marks'] })
class BoxesController extends CrudController<Box> {}

@Controller('boxes/:boxId/moves')
@UseGuards(User)
@TenantScoped()
@Crud(Move, { parent: { relation: 'box' } })
class MovesController extends CrudController<Move> {}

@Controller('own')
@UseGuards(User)
@TenantScoped()
class OwnController {
  constructor(
    @InjectRepository(Shelf) private readonly shelves: Repository<Shelf>,
    @InjectCrud(Shelf) private readonly service: CrudService<Shelf>,
  ) {}

  /** Reads before it writes, and after. */
  @Post('shelves')
  async make(@Body() { name }: { name: string }) {
    const before = await this.shelves.countBy({ name });
    const { id } = await this.shelves.save({ name, boxes: [{ label: 'first' }] });
    const shelf = await this.shelves.findOneOrFail({ where: { id }, relations: { boxes: true } });
    const renamed = await this.shelves.preload({ id, name: `${shelf.name}, again` });
    await this.shelves.save(renamed!);
    return { before, boxes: shelf.boxes!.length, after: await this.shelves.findOneBy({ id }) };
  }

  /** A GET that writes: what it reads afterwards is what it has written. */
  @Get('shelves/:id/seen')
  async see(@Param('id', ParseIntPipe) id: number) {
    const replica = await this.shelves.findOneBy({ id });
    await this.shelves.update(id, { name: 'seen' });
    return { replica, primary: await this.shelves.findOneBy({ id }) };
  }

  @Get('shelves/:id/served')
  async serve(@Param('id', ParseIntPipe) id: number) {
    await this.service.update(id, { name: 'served' });
    return this.service.findOne(id);
  }
}

export const DEPOT_ENTITIES = [Shelf, Mark, Box, Move];

/** What a client of the application gets. */
export interface Reply {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asks for
  readonly body: any;
}

export interface Depot {
  readonly dataSource: DataSource;
  send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    organization?: number,
  ): Promise<Reply>;
  close(): Promise<void>;
}

/** @param options of a DataSource with `replication`; the schema is there */
export async function openDepot(options: DataSourceOptions, adapter: Adapter): Promise<Depot> {
  const app = await createApplication(
    {
      module: class DepotModule {},
      imports: [
        TypeOrmModule.forRoot({ ...options, entities: DEPOT_ENTITIES, retryAttempts: 0 }),
        TypeOrmModule.forFeature(DEPOT_ENTITIES),
        MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        MuckModule.forFeature([Shelf]),
      ],
      controllers: [ShelvesController, MarksController, BoxesController, MovesController, OwnController],
      providers: [BoxHistory],
    },
    { adapter },
  );
  const transport = await openTransport(app);
  return {
    dataSource: app.get(DataSource),
    async send(method, url, body, organization = 1) {
      const { status, text } = await transport.send({
        method,
        url,
        headers: {
          'x-organization': String(organization),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    },
    async close() {
      transport.close();
      await app.close();
    },
  };
}
