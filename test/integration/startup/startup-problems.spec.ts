import { describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  CrossTenant,
  Crud,
  CrudController,
  MuckModule,
  scoped,
  shared,
  tenantFromUser,
  TenantScoped,
  TenantShared,
} from 'nestjs-muck';
import type { MuckModuleOptions } from 'nestjs-muck';
import {
  Column,
  Entity,
  EntitySchema,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  VirtualColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { createApplication } from '../../support/adapters.js';

const resolver = tenantFromUser('organizationId');

/** Boots an application over some entities, and gives the error it refuses to start with. */
async function refusal(
  entities: readonly (Type<object> | EntitySchema)[],
  { controllers = [], options = {}, dataSource = {}, logger }: Setup = {},
): Promise<string> {
  try {
    const app = await createApplication(application(entities, controllers, options, dataSource), {
      ...(logger && { logger }),
    });
    await app.close();
    return 'started';
  } catch (error) {
    return (error as Error).message;
  }
}

interface Setup {
  readonly controllers?: Type[];
  readonly options?: Partial<MuckModuleOptions>;
  readonly dataSource?: object;
  readonly logger?: LoggerService;
}

function application(
  entities: readonly unknown[],
  controllers: Type[],
  options: object,
  dataSource: object,
): DynamicModule {
  return {
    module: class {},
    imports: [
      TypeOrmModule.forRoot({
        type: 'sqljs',
        entities: entities as Type[],
        synchronize: true,
        retryAttempts: 0,
        ...dataSource,
      }),
      MuckModule.forRoot({ scope: { organizationId: Number }, resolver, ...options }),
    ],
    controllers,
  };
}

@Entity()
@TenantScoped()
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantShared('the same for all')
class Country {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ unique: true }) code!: string;
}

describe('G-10 an application refuses to start', () => {
  it('without problems it starts', async () => {
    expect(await refusal([Order, Country])).toBe('started');
  });

  it('on entities of which nothing is declared, with a list to paste', async () => {
    @Entity()
    class Invoice {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @Entity()
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    @Entity()
    class Currency {
      @PrimaryGeneratedColumn() id!: number;
    }
    const message = await refusal([Invoice, Line, Currency, Order]);
    expect(message).toContain('these entities do not declare whether their rows belong to a tenant');
    expect(message).toContain('@TenantScoped()  // Invoice');
    expect(message).toContain("@TenantScoped({ via: 'order' })  // Line");
    expect(message).toContain("@TenantShared('why')  // Currency");
  });

  it('on them it starts when told to deny, and refuses their queries', async () => {
    @Entity()
    class Unknown {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await refusal([Unknown], { options: { undeclaredEntities: 'deny-queries' } })).toBe('started');
  });

  it('on entities that are declared in forRoot it starts', async () => {
    const Rule = new EntitySchema({ name: 'Rule', columns: { id: { type: Number, primary: true, generated: true } } });
    const Box = new EntitySchema({
      name: 'Box',
      columns: { id: { type: Number, primary: true, generated: true }, organizationId: { type: Number } },
    });
    expect(await refusal([Rule, Box], { options: { entities: [shared(Rule, 'rules'), scoped(Box)] } })).toBe('started');
  });

  it('on a scope key without a column', async () => {
    @Entity()
    @TenantScoped()
    class Orphan {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await refusal([Orphan])).toContain(
      "Orphan has no column 'organizationId' for the scope key 'organizationId'. Add it: @Column() organizationId",
    );
  });

  it('on a nullable tenant column', async () => {
    @Entity()
    @TenantScoped()
    class Loose {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: Number, nullable: true }) organizationId!: number | null;
    }
    expect(await refusal([Loose])).toContain("Loose has a nullable tenant column 'organizationId'");
  });

  it('on a tenant column with a transformer, and on one of another type', async () => {
    @Entity()
    @TenantScoped()
    class Transformed {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ transformer: { to: (value: unknown) => value, from: (value: unknown) => value } })
      organizationId!: number;
    }
    @Entity()
    @TenantScoped()
    class Spelled {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: string;
    }
    expect(await refusal([Transformed])).toContain(
      "Transformed has a transformer on the tenant column 'organizationId'",
    );
    expect(await refusal([Spelled])).toContain(
      "Spelled.organizationId is a varchar column, but the scope key 'organizationId' is declared as Number",
    );
  });

  it('on a tenant column that compares without case', async () => {
    @Entity()
    @TenantScoped()
    class Blind {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ collation: 'nocase' }) organizationId!: number;
    }
    expect(await refusal([Blind])).toContain("Blind has the case-insensitive tenant column 'organizationId'");
  });

  it('on a tenant column that the database computes', async () => {
    @Entity()
    @TenantScoped()
    class Computed {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ asExpression: '1', generatedType: 'STORED' }) organizationId!: number;
    }
    @Entity()
    @TenantScoped()
    class Virtual {
      @PrimaryGeneratedColumn() id!: number;
      @VirtualColumn({ query: () => 'SELECT 1' }) organizationId!: number;
    }
    const dataSource = { synchronize: false };
    for (const entity of [Computed, Virtual])
      expect(await refusal([entity], { dataSource })).toContain("the generated tenant column 'organizationId'");
  });

  it('on scope keys that are not declared, and on an entity that leaves all of them out', async () => {
    @Entity()
    @TenantScoped({ columns: { regionId: 'region' } })
    class Renamed {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @Entity()
    @TenantScoped({ omit: ['regionId'] })
    class Partial {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @Entity()
    @TenantScoped({ omit: ['organizationId'] })
    class Nobodys {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    const undeclared = "names the scope key 'regionId', which is not declared (declared: organizationId)";
    expect(await refusal([Renamed])).toContain(`Renamed ${undeclared}`);
    expect(await refusal([Partial])).toContain(`Partial ${undeclared}`);
    expect(await refusal([Nobodys])).toContain('Nobodys omits every scope key');
  });

  it('on a unique key that leaves the tenant column out, unless it is acknowledged or holds a key of a scoped row', async () => {
    @Entity()
    @TenantScoped()
    class Coupon {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column({ unique: true }) code!: string;
    }
    @Entity()
    @TenantScoped({ globallyUnique: { code: 'printed on paper, and the same for all' } })
    class Voucher {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column({ unique: true }) code!: string;
    }
    @Entity()
    @TenantScoped()
    @Unique(['organizationId', 'name'])
    class Receipt {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() name!: string;
      @OneToOne(() => Order, { nullable: false }) @JoinColumn() order!: Relation<Order>;
    }
    expect(await refusal([Coupon])).toContain(
      'Coupon has a unique key (code) without the tenant column: a conflict would tell a tenant which values other tenants have. ' +
        "Make it @Unique(['organizationId', 'code']), or acknowledge it: @TenantScoped({ globallyUnique: { code: 'why' } }).",
    );
    expect(await refusal([Voucher, Receipt, Order])).toBe('started');
  });

  it('on a parent that cannot say whose a row is', async () => {
    @Entity()
    @TenantScoped({ via: 'order' })
    class Loose {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Order) order!: Relation<Order> | null;
    }
    @Entity()
    @TenantScoped({ via: 'nothing' })
    class Lost {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    @TenantScoped({ via: 'country' })
    class City {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Country, { nullable: false }) country!: Relation<Country>;
    }
    expect(await refusal([Loose, Order])).toContain("Loose is scoped via 'order', which is nullable");
    expect(await refusal([Lost])).toContain(
      "Lost is scoped via 'nothing', which is not a to-one relation with its foreign key in this entity",
    );
    expect(await refusal([City, Country])).toContain("City is scoped via 'country', but Country is shared");
  });

  it('on a parent that is no row of its own key, and on entities that belong through each other', async () => {
    @Entity()
    @TenantScoped({ via: 'orders' })
    class Shelf {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToMany(() => Order) @JoinTable() orders!: Relation<Order[]>;
    }
    @Entity()
    @TenantScoped({ via: 'parent' })
    class Chain {
      @PrimaryGeneratedColumn() id!: number;
      @Column() parentId!: number;
      @ManyToOne(() => Chain) parent!: Relation<Chain>;
    }
    expect(await refusal([Shelf, Order])).toContain(
      "Shelf is scoped via 'orders', which is not a to-one relation with its foreign key in this entity",
    );
    expect(await refusal([Chain])).toContain('Chain is scoped through itself');
  });

  it('on a parent that is required by its column it starts, on one of which a part may be missing it does not', async () => {
    @Entity()
    @TenantScoped({ via: 'order' })
    class Firm {
      @PrimaryGeneratedColumn() id!: number;
      @Column() orderId!: number;
      @ManyToOne(() => Order) order!: Relation<Order>;
    }
    @Entity()
    @TenantScoped()
    class Shelf {
      @PrimaryColumn() hall!: number;
      @PrimaryColumn() organizationId!: number;
    }
    @Entity()
    @TenantScoped({ via: 'shelf' })
    class Half {
      @PrimaryGeneratedColumn() id!: number;
      @Column() hall!: number;
      @Column({ type: Number, nullable: true }) owner!: number | null;
      @ManyToOne(() => Shelf)
      @JoinColumn([
        { name: 'hall', referencedColumnName: 'hall' },
        { name: 'owner', referencedColumnName: 'organizationId' },
      ])
      shelf!: Relation<Shelf>;
    }
    expect(await refusal([Firm, Order])).toBe('started');
    expect(await refusal([Half, Shelf])).toContain("Half is scoped via 'shelf', which is nullable");
  });

  it('on a parent of which nothing is declared, and says so of the parent alone', async () => {
    @Entity()
    class Invoice {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToMany(() => Order) @JoinTable() orders!: Relation<Order[]>;
    }
    @Entity()
    @TenantScoped({ via: 'invoice' })
    class Line {
      @PrimaryGeneratedColumn() id!: number;
      @ManyToOne(() => Invoice, { nullable: false }) invoice!: Relation<Invoice>;
    }
    const message = await refusal([Invoice, Line, Order]);
    expect(message).toContain("@TenantShared('why')  // Invoice");
    expect(message).not.toContain('is shared');
    expect(await refusal([Invoice, Line, Order], { options: { undeclaredEntities: 'deny-queries' } })).toBe('started');
  });

  it('on a nested set, whose numbers span all tenants', async () => {
    @Entity()
    @TenantScoped()
    @Tree('nested-set')
    class Folder {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @TreeParent() parent!: Relation<Folder> | null;
      @TreeChildren() children!: Folder[];
    }
    expect(await refusal([Folder])).toContain('Folder is a nested set, whose left and right numbers span all tenants');
  });

  it('on two entities over one table of which one is shared', async () => {
    @Entity('order')
    @TenantShared('a mistake')
    class AllOrders {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    expect(await refusal([Order, AllOrders], { dataSource: { synchronize: false } })).toContain(
      'Order and AllOrders map the same table, but one is shared and the other is scoped',
    );
  });

  it('on find options that ignore undefined', async () => {
    const dataSource = { invalidWhereValuesBehavior: { undefined: 'ignore' } };
    expect(await refusal([Order], { dataSource })).toContain("invalidWhereValuesBehavior is 'ignore'");
  });

  it('on a CRUD controller that does not say how it stands to tenants', async () => {
    @Controller('orders')
    @Crud(Order)
    class OrdersController extends CrudController<Order> {}
    expect(await refusal([Order], { controllers: [OrdersController] })).toContain(
      'OrdersController serves the tenant-scoped entity Order, but has no tenant declaration. ' +
        "Decorate the controller with @TenantScoped(), or with @CrossTenant('why').",
    );
  });

  it('on a resolver of a controller that no module provides', async () => {
    class Elsewhere {
      resolve(): undefined {
        return undefined;
      }
    }
    @Controller('orders')
    @TenantScoped({ resolver: Elsewhere })
    @Crud(Order)
    class OrdersController extends CrudController<Order> {}
    expect(await refusal([Order], { controllers: [OrdersController] })).toContain(
      'OrdersController uses the resolver Elsewhere, which no module provides',
    );
  });

  it('on two scopes in one process, on none, and on an unknown type', () => {
    expect(() => MuckModule.forRoot({ scope: { tenantId: String }, resolver })).toThrow(
      'a process has one scope declaration',
    );
    expect(() => MuckModule.forRoot({ scope: {}, resolver })).toThrow('the scope has no keys');
    expect(() => MuckModule.forRoot({ scope: { organizationId: Date as never }, resolver })).toThrow(
      'has an unknown type',
    );
    expect(() => MuckModule.forRoot({ resolver } as never)).toThrow('needs the keys of a tenant scope');
    expect(() => MuckModule.forRoot({ scope: { organizationId: Number } } as never)).toThrow('needs a resolver');
  });

  it('and lists all problems at once', async () => {
    @Entity()
    @TenantScoped()
    class First {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    @TenantScoped()
    class Second {
      @PrimaryGeneratedColumn() id!: number;
    }
    const message = await refusal([First, Second]);
    expect(message).toContain('2 problems');
    expect(message).toContain('First has no column');
    expect(message).toContain('Second has no column');
  });
});

describe('G-12 the boot log', () => {
  it('lists what runs over all tenants, and warns where no guard stands before it', async () => {
    class Guard {
      canActivate(): boolean {
        return true;
      }
    }
    @Controller('all-orders')
    @CrossTenant('support staff of the platform')
    @UseGuards(Guard)
    @Crud(Order)
    class GuardedController extends CrudController<Order> {}
    @Controller('open-orders')
    @CrossTenant('to be decided')
    @Crud(Order)
    class OpenController extends CrudController<Order> {}
    const lines: string[] = [];
    const note = (message: unknown): number => lines.push(String(message));
    const logger: LoggerService = { log: note, warn: note, error: note };
    expect(await refusal([Order], { controllers: [GuardedController, OpenController], logger })).toBe('started');
    expect(lines).toContain('GuardedController runs unscoped: support staff of the platform');
    expect(lines).toContain('OpenController runs unscoped and has no guard');
    expect(lines).not.toContain('GuardedController runs unscoped and has no guard');
  });
});
