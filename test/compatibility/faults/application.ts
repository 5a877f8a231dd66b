import { Body, Controller, Get, HttpCode, Inject, Injectable, Module, Post, UseGuards } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, TenantScoped, tenantFromUser } from 'nestjs-muck';
import type { CrudHooks, HookContext } from 'nestjs-muck';
import { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { Relation } from 'typeorm';

/** `owner` is written by the client and says whose row it is, whatever the tenant column holds. */
@Entity()
@TenantScoped()
@Unique('item_code', ['organizationId', 'code'])
export class Item {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() code!: string;
  @Column() owner!: string;
  @Column({ default: '' }) text!: string;
  @Column({ default: 0 }) value!: number;
  @Column({ default: 0 }) touched!: number;
}

/** One for each item that was made by the resource with a hook. */
@Entity()
@TenantScoped()
export class Entry {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() code!: string;
  @Column() itemId!: number;
  @ManyToOne(() => Item, { onDelete: 'CASCADE' }) item!: Relation<Item>;
}

@Injectable()
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { organizationId: Number(request.headers['x-tenant']) };
    return true;
  }
}

@Injectable()
class Ledger implements CrudHooks<Item> {
  async afterCreate({ id, code }: Item, { manager }: HookContext): Promise<void> {
    await manager.insert(Entry, { itemId: id, code });
  }
}

@Controller('items')
@TenantScoped()
@UseGuards(HeaderGuard)
@Crud(Item)
class ItemsController extends CrudController<Item> {
  @Inject(DataSource) private readonly dataSource!: DataSource;

  /** Two of these in the opposite order wait for each other. */
  @Post('touch')
  @HttpCode(204)
  async touch(@Body() { codes }: { codes: string[] }): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      for (const code of codes) await manager.increment(Item, { code }, 'touched', 1);
    });
  }

  /** Reads and then writes what it has read: of two at a time one has to fail. */
  @Post('count')
  @HttpCode(204)
  async count(@Body() { code }: { code: string }): Promise<void> {
    await this.dataSource.transaction('SERIALIZABLE', async (manager) => {
      const { id, touched } = await manager.findOneByOrFail(Item, { code });
      await manager.update(Item, { id }, { touched: touched + 1 });
    });
  }
}

@Controller('ledgered-items')
@TenantScoped()
@UseGuards(HeaderGuard)
@Crud(Item, { hooks: [Ledger] })
class LedgeredItemsController extends CrudController<Item> {}

@Controller('memory')
class MemoryController {
  @Get()
  memory(): number {
    return process.memoryUsage.rss();
  }
}

/** The limits that a service in production sets, as short as these tests can wait. */
const LIMITS = {
  max: 6,
  connectionTimeoutMillis: 700,
  lock_timeout: 900,
  statement_timeout: 2000,
  idle_in_transaction_session_timeout: 5000,
  application_name: 'faults',
};

export function applicationModule(url: string): DynamicModule {
  @Module({})
  class FaultsModule {}

  return {
    module: FaultsModule,
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url,
        entities: [Item, Entry],
        synchronize: true,
        retryAttempts: 0,
        extra: LIMITS,
      }),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
    ],
    controllers: [ItemsController, LedgeredItemsController, MemoryController],
    providers: [Ledger],
  };
}
