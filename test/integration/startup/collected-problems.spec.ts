import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable } from '@nestjs/common';
import type { Provider, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IsString } from 'class-validator';
import {
  Crud,
  CrudController,
  CrudService,
  InjectCrud,
  MuckModule,
  tenantFromUser,
  TenantScoped,
  TenantShared,
} from 'nestjs-muck';
import type { CrudBody, CrudHooks } from 'nestjs-muck';
import {
  Column,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToOne,
  JoinColumn,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  ViewColumn,
  ViewEntity,
  VirtualColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { createApplication } from '../../support/adapters.js';

/* What an application is told when it starts, all at once. */

interface Parts {
  readonly controllers?: Type[];
  readonly providers?: Provider[];
  readonly options?: object;
}

async function start(
  entities: readonly Type[],
  { controllers = [], providers = [], options }: Parts = {},
): Promise<string> {
  try {
    const app = await createApplication({
      module: class {},
      imports: [
        TypeOrmModule.forRoot({ type: 'sqljs', entities: [...entities], retryAttempts: 0, ...options }),
        MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
      ],
      controllers,
      providers,
    });
    await app.close();
    return 'started';
  } catch (error) {
    return (error as Error).message;
  }
}

@Entity()
@TenantScoped()
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

const failing = (): never => {
  throw new TypeError('code of the application');
};

describe('the start', () => {
  it('tells problems of entities, of entities that refer to wrong ones, of undeclared ones and of resources in one error', async () => {
    @Entity()
    @TenantScoped()
    class Wrong {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    @TenantScoped()
    class Referring {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column({ unique: true }) code!: string;
      @OneToOne(() => Wrong, { nullable: false }) @JoinColumn() wrong!: Relation<Wrong>;
    }
    @Entity()
    class Unknown {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Controller('orders')
    @TenantScoped()
    @Crud(Order, { search: ['nothing' as never] })
    class OrdersController extends CrudController<Order> {}
    const message = await start([Wrong, Referring, Unknown, Order], { controllers: [OrdersController] });
    expect(message).toContain("Wrong has no column 'organizationId'");
    expect(message).toContain('Referring has a unique key (code)');
    expect(message).not.toContain('(wrong.id)');
    expect(message).toContain("@TenantShared('why')  // Unknown");
    expect(message).toContain('OrdersController: ');
    expect(message).toContain('cannot start, 4 problems');
  });

  it('tells a column of a base class once, with the number of its entities', async () => {
    abstract class Tracked {
      @PrimaryGeneratedColumn() id!: number;
      @Column({ type: Number, nullable: true }) organizationId!: number | null;
    }
    const entities = ['A', 'B', 'C'].map((name) => {
      class Made extends Tracked {}
      Object.defineProperty(Made, 'name', { value: `Tracked${name}` });
      Entity(`tracked_${name}`)(Made);
      TenantScoped()(Made);
      return Made;
    });
    expect(await start(entities)).toMatch(
      /^nestjs-muck cannot start: Tracked has a nullable tenant column 'organizationId'.*\. It is the base class of 3 entities with this problem: TrackedA, TrackedB, TrackedC\.$/,
    );
  });

  it('calls no code of the application when it checks statements', async () => {
    @Entity()
    @TenantScoped()
    class Careful {
      @PrimaryColumn({ transformer: { to: failing, from: failing } }) id!: string;
      @Column() organizationId!: number;
      @Column({ transformer: { to: failing, from: failing } }) secret!: string;
      @Column({ type: 'varchar', default: failing }) text!: string;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    expect(await start([Careful, Order])).toBe('started');
    const cache = { provider: failing };
    expect(await start([Order], { options: { cache: false } })).toBe('started');
    expect(cache.provider).toBe(failing);
  });

  it('passes junction tables that both sides of a relation name', async () => {
    @Entity()
    @TenantScoped()
    class Role {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ManyToMany(() => Person, (person) => person.roles)
      @JoinTable({ name: 'person_roles', joinColumn: { name: 'roleId' }, inverseJoinColumn: { name: 'personId' } })
      people!: Relation<Person>[];
    }
    @Entity()
    @TenantScoped()
    class Person {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ManyToMany(() => Role, (role) => role.people)
      @JoinTable({ name: 'person_roles', joinColumn: { name: 'personId' }, inverseJoinColumn: { name: 'roleId' } })
      roles!: Relation<Role>[];
    }
    expect(await start([Role, Person])).toBe('started');
  });

  it('proposes the key of the table of tenants as its tenant column', async () => {
    @Entity()
    class Organization {
      @PrimaryGeneratedColumn() id!: number;
    }
    @Entity()
    @TenantScoped()
    class Member {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ManyToOne(() => Organization, { nullable: false }) organization!: Relation<Organization>;
    }
    expect(await start([Organization, Member])).toContain(
      "@TenantScoped({ columns: { organizationId: 'id' } })  // Organization",
    );
  });

  it('passes providers that throw when they are looked at', async () => {
    const strict = new Proxy(
      {},
      {
        get: (_target, key) => {
          // Nest itself asks for others.
          if (key === '@instanceof') throw new Error('unknown property @instanceof');
          return undefined;
        },
      },
    );
    const values: unknown[] = [
      strict,
      Object.create(null),
      () => undefined,
      7,
      null,
      Object.defineProperty({}, '@instanceof', { get: failing }),
    ];
    const providers = values.map((useValue, i) => ({ provide: `value ${i}`, useValue }));
    @Controller('orders')
    @TenantScoped()
    @Crud(Order)
    class OrdersController extends CrudController<Order> {}
    expect(await start([Order], { controllers: [OrdersController], providers })).toBe('started');
  });

  it('refuses a virtual column whose SQL reads rows that belong to tenants', async () => {
    @Entity()
    @TenantShared('the same for all')
    class Shelf {
      @PrimaryGeneratedColumn() id!: number;
      @VirtualColumn({ query: (alias) => `SELECT COUNT(*) FROM "order" WHERE "id" = ${alias}.id` }) orders!: number;
      @VirtualColumn({ query: () => 'SELECT 1' }) one!: number;
    }
    const message = await start([Shelf, Order]);
    expect(message).toContain(
      'cannot start: Shelf.orders is a @VirtualColumn whose SQL reads Order, which is tenant-scoped',
    );
    expect(message).toContain("table(Order, 'r')");
  });

  it('refuses a resource over a view without a primary key, and takes one with it', async () => {
    @ViewEntity({ expression: 'SELECT 1 AS "id"' })
    @TenantShared('the same for all')
    class NoKey {
      @ViewColumn() id!: number;
    }
    @ViewEntity({ expression: 'SELECT 1 AS "id"' })
    @TenantShared('the same for all')
    class WithKey {
      @PrimaryColumn() id!: number;
    }
    @Controller('a')
    @Crud(NoKey, { only: ['findAll'] })
    class NoKeysController extends CrudController<NoKey> {}
    @Controller('b')
    @Crud(WithKey, { only: ['findAll'] })
    class WithKeysController extends CrudController<WithKey> {}
    expect(await start([NoKey, WithKey], { controllers: [NoKeysController, WithKeysController] })).toBe(
      'nestjs-muck cannot start: NoKeysController: NoKey has no primary key, which ids and the order of pages need. ' +
        'Put @PrimaryColumn() in place of @ViewColumn() on a column whose values are unique.',
    );
  });

  it('refuses a route that no body can satisfy, unless a hook, scope() or an override gives the value', async () => {
    @Entity()
    @TenantScoped()
    class Badge {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @IsString() @Column() name!: string;
      @Column() number!: number;
      @Column() status: string = 'new';
    }
    @Injectable()
    class NumberHook implements CrudHooks<Badge> {
      beforeCreate(row: Badge): void {
        row.number = 1;
      }
    }
    @Controller('a')
    @TenantScoped()
    @Crud(Badge)
    class PlainController extends CrudController<Badge> {}
    @Controller('b')
    @TenantScoped()
    @Crud(Badge, { except: ['create'] })
    class NoCreateController extends CrudController<Badge> {}
    @Controller('c')
    @TenantScoped()
    @Crud(Badge, { hooks: [NumberHook] })
    class HookController extends CrudController<Badge> {}
    @Controller('d')
    @TenantScoped()
    @Crud(Badge)
    class OverrideController extends CrudController<Badge> {
      override create(body: CrudBody<Badge>): Promise<Badge> {
        return super.create({ ...body, number: 1 });
      }
    }
    @Controller('e')
    @TenantScoped()
    @Crud(Badge)
    class ScopeController extends CrudController<Badge> {
      protected override scope(): Partial<Badge> {
        return { number: 1 };
      }
    }
    const fine = [NoCreateController, HookController, OverrideController, ScopeController];
    const parts = { providers: [NumberHook] };
    expect(await start([Badge], { ...parts, controllers: fine })).toBe('started');
    expect(await start([Badge], { ...parts, controllers: [...fine, PlainController] })).toBe(
      'nestjs-muck cannot start: PlainController: create of Badge cannot succeed: number must have a value, but the rules of Badge leave it out. ' +
        "Accept it in bodies, give the column a default, set it in a hook or in an override of create(), or leave the route out: except: ['create'].",
    );
  });

  it('refuses a controller that extends CrudController without an entity', async () => {
    @Controller('orders')
    class OrdersController extends CrudController<Order> {}
    expect(await start([Order], { controllers: [OrdersController] })).toBe(
      'nestjs-muck cannot start: OrdersController extends CrudController and has no entity. Decorate it: @Crud(Entity).',
    );
  });

  it('names MuckModule.forRoot in an application without it', async () => {
    @Controller('a')
    @TenantScoped()
    @Crud(Order)
    class OrdersController extends CrudController<Order> {}
    @Controller('b')
    @TenantScoped()
    class PlainController {
      @Get() list(): string {
        return 'none';
      }
    }
    for (const parts of [
      { controllers: [OrdersController] },
      { controllers: [PlainController] },
      { imports: [MuckModule.forFeature([Order])] },
    ])
      await expect(createApplication({ module: class {}, ...parts })).rejects.toThrow(
        'nestjs-muck cannot start: MuckModule.forRoot is missing. Add it to the imports of the root module: MuckModule.forRoot({ scope:',
      );
  });

  it('names MuckModule.forFeature to a class that injects a service without it', async () => {
    @Injectable()
    class Import {
      constructor(@InjectCrud(Order) readonly orders: CrudService<Order>) {}
    }
    expect(await start([Order], { providers: [Import] })).toContain('MuckModule.forFeature([Order])');
  });
});
