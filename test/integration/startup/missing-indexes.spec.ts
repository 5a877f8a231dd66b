import { describe, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import type { LoggerService, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Crud, CrudController, MuckModule, tenantFromUser, TenantScoped, TenantShared } from 'nestjs-muck';
import type { LoggingOptions } from 'nestjs-muck';
import {
  ChildEntity,
  Column,
  Entity,
  EntitySchema,
  Index,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { createApplication } from '../../support/adapters.js';
import { createDatabase, databasesToTest } from '../../support/databases.js';
import type { DatabaseKind } from '../../support/databases.js';

interface Setup {
  readonly controllers?: Type[];
  readonly logging?: LoggingOptions;
  readonly defaultSort?: readonly string[];
  readonly kind?: DatabaseKind;
}

class Guard {
  canActivate(): boolean {
    return true;
  }
}

/** Starts an application over some entities, and gives what it says about indexes. */
async function advice(
  entities: readonly (Type | EntitySchema)[],
  { controllers = [], logging, defaultSort, kind = 'sqljs' }: Setup = {},
): Promise<string[]> {
  const database = await createDatabase(kind);
  const lines: string[] = [];
  const note = (level: string) => (message: unknown) => void lines.push(`${level}: ${String(message)}`);
  const logger: LoggerService = { log: note('log'), warn: note('warn'), error: note('error') };
  const app = await createApplication(
    {
      module: class {},
      imports: [
        TypeOrmModule.forRoot({ ...database.options, entities: [...entities], synchronize: true, retryAttempts: 0 }),
        MuckModule.forRoot({
          scope: { organizationId: Number },
          resolver: tenantFromUser('organizationId'),
          ...(logging && { logging }),
          ...(defaultSort && { defaults: { defaultSort } }),
        }),
      ],
      controllers: [...controllers],
    },
    { logger },
  );
  await app.close();
  await database.drop();
  return lines.filter((line) => line.includes('index'));
}

@Entity()
@TenantScoped()
@Index(['organizationId', 'createdAt'])
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() createdAt!: Date;
  @Column() code!: string;
}

@Entity()
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ name: 'organization_id' }) organizationId!: number;
  @Column() createdAt!: Date;
}

function controllerOf(entity: Type<object>, defaultSort?: readonly string[]): Type {
  @Controller(entity.name.toLowerCase())
  @TenantScoped()
  @UseGuards(Guard)
  @Crud(entity, defaultSort === undefined ? {} : { defaultSort: defaultSort as never })
  class ServedController extends CrudController<object> {}
  return ServedController;
}

describe('a start', () => {
  it('warns of a scoped table without an index that begins with the tenant column', async () => {
    expect(await advice([Note])).toEqual([
      expect.stringMatching(
        /^warn: note has no index that begins with organizationId, .* Add @Index\(\['organizationId'\]\) on Note, or CREATE INDEX "IDX_\w+" ON "note" \("organization_id"\)\.$/,
      ),
    ]);
  });

  it('proposes the columns of the default sort in the same index, in one warning', async () => {
    const controllers = [controllerOf(Note, ['-createdAt', 'id'])];
    const [line, ...others] = await advice([Note], { controllers });
    expect(line).toContain("@Index(['organizationId', 'createdAt', 'id'])");
    expect(others).toEqual([]);
  });

  it('says nothing if an index, a unique key or the primary key begins with the tenant column', async () => {
    @Entity()
    @TenantScoped()
    class Seat {
      @PrimaryColumn() organizationId!: number;
      @PrimaryColumn() id!: number;
    }
    @Entity()
    @TenantScoped()
    @Index(['organizationId', 'code'], { unique: true })
    class Coupon {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() code!: string;
    }
    @Entity()
    @TenantScoped({ columns: { organizationId: 'id' } })
    class Organization {
      @PrimaryGeneratedColumn() id!: number;
    }
    expect(await advice([Order, Seat, Coupon, Organization])).toEqual([]);
  });

  it('takes an index with the tenant column in a later place for none', async () => {
    @Entity()
    @TenantScoped()
    @Index(['createdAt', 'organizationId'])
    class Visit {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() createdAt!: Date;
    }
    expect(await advice([Visit])).toEqual([expect.stringContaining('visit has no index')]);
  });

  it('warns of a default sort that no index serves', async () => {
    expect(await advice([Order], { controllers: [controllerOf(Order, ['code', '-id'])] })).toEqual([
      expect.stringMatching(
        /^warn: order has no index in the order of its list \(defaultSort: code\).*@Index\(\['organizationId', 'code', 'id'\]\) on Order/,
      ),
    ]);
  });

  it('warns of a default sort of the module that no index serves', async () => {
    const controllers = [controllerOf(Order)];
    expect(await advice([Order], { controllers, defaultSort: ['code'] })).toEqual([
      expect.stringContaining('order has no index in the order of its list'),
    ]);
  });

  it('says nothing of a default sort that an index serves, or that sorts by a related row', async () => {
    @Entity()
    @TenantScoped()
    @Index(['organizationId', 'orderId'])
    class Parcel {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() orderId!: number;
      @ManyToOne(() => Order) order!: Relation<Order>;
    }
    const controllers = [controllerOf(Order, ['-createdAt']), controllerOf(Parcel, ['order.code'])];
    expect(await advice([Order, Parcel], { controllers })).toEqual([]);
  });

  it('says nothing of a nested list whose index has the parent, then the sort column', async () => {
    @Entity()
    @TenantScoped()
    @Index(['organizationId'])
    @Index(['orderId', 'body'])
    class Remark {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @Column() body!: string;
      @Column() orderId!: number;
      @ManyToOne(() => Order) order!: Relation<Order>;
    }
    @Controller('orders/:orderId/remarks')
    @TenantScoped()
    @UseGuards(Guard)
    @Crud(Remark, { parent: { relation: 'order' }, defaultSort: ['body'] })
    class RemarksController extends CrudController<Remark> {}
    expect(await advice([Order, Remark], { controllers: [RemarksController] })).toEqual([]);
    expect(await advice([Order, Remark], { controllers: [controllerOf(Remark, ['body'])] })).toHaveLength(1);
  });

  it('warns once of a table of several entities, and takes the indexes of all of them', async () => {
    @Entity()
    @TenantScoped()
    @TableInheritance({ column: { type: 'varchar', name: 'kind' } })
    class Message {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
    }
    @ChildEntity()
    class Letter extends Message {
      @Column({ nullable: true }) street!: string;
    }
    expect(await advice([Letter, Message])).toEqual([expect.stringContaining("@Index(['organizationId']) on Message")]);
  });

  it('warns of a shared entity only if no index serves its default sort', async () => {
    @Entity()
    @TenantShared('the same for all')
    class News {
      @PrimaryGeneratedColumn() id!: number;
      @Column() publishedAt!: Date;
    }
    expect(await advice([News], { controllers: [controllerOf(News)] })).toEqual([]);
    expect(await advice([News], { controllers: [controllerOf(News, ['id'])] })).toEqual([]);
    expect(await advice([News], { controllers: [controllerOf(News, ['-publishedAt'])] })).toEqual([
      expect.stringContaining("@Index(['publishedAt']) on News"),
    ]);
  });

  it('says nothing of junction tables', async () => {
    @Entity()
    @TenantScoped()
    @Index(['organizationId'])
    class Label {
      @PrimaryGeneratedColumn() id!: number;
      @Column() organizationId!: number;
      @ManyToMany(() => Order) @JoinTable() orders!: Relation<Order[]>;
    }
    expect(await advice([Order, Label])).toEqual([]);
  });

  it('takes an index that a migration makes for one, if the schema of the entity names its columns', async () => {
    @TenantScoped()
    class Receipt {
      id!: number;
      organizationId!: number;
    }
    const schemaOf = (indices: { name: string; columns: string[]; synchronize: false }[]): EntitySchema =>
      new EntitySchema({
        name: 'Receipt',
        target: Receipt,
        columns: { id: { type: Number, primary: true }, organizationId: { type: Number } },
        indices,
      });
    const index = { name: 'receipt_by_tenant', columns: ['organizationId'], synchronize: false } as const;
    expect(await advice([schemaOf([])])).toHaveLength(1);
    expect(await advice([schemaOf([{ ...index, columns: [...index.columns] }])])).toEqual([]);
  });

  it('says it at the level of logging.missingIndexes, or not at all', async () => {
    expect(await advice([Note], { logging: { missingIndexes: 'log' } })).toEqual([expect.stringMatching(/^log: note/)]);
    expect(await advice([Note], { logging: { missingIndexes: false } })).toEqual([]);
  });
});

describe.each(databasesToTest())('a start on %s', (kind) => {
  it('warns of a via relation without an index, unless the database makes it for the foreign key', async () => {
    @Entity()
    @TenantScoped({ via: 'order' })
    class Invoice {
      @PrimaryGeneratedColumn() id!: number;
      @Column() orderId!: number;
      @ManyToOne(() => Order, { nullable: false }) order!: Relation<Order>;
    }
    const lines = await advice([Order, Invoice], { kind });
    expect(lines.map((line) => /^warn: .*invoice has no index that begins with orderId/.test(line))).toEqual(
      kind === 'mariadb' ? [] : [true],
    );
  });
});
