import { TenantScoped } from 'nestjs-muck';
import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import type { DatabaseKind } from '../../../../support/databases.js';
import { COLUMN_KINDS } from './column-kinds.js';
import type { ColumnKind } from './column-kinds.js';
import { FEW_TEXTS } from './values.js';

/** The types of column that a database has. */
export function kindsOf(database: DatabaseKind): ColumnKind[] {
  return COLUMN_KINDS.filter((kind) => kind.declare(database) !== undefined);
}

/** The columns of each entity that an item is related to. */
export const RELATED_KINDS: readonly ColumnKind[] = COLUMN_KINDS.filter(({ name }) =>
  ['varchar', 'int', 'date'].includes(name),
).map((kind) => (kind.compares === 'text' ? { ...kind, values: () => FEW_TEXTS } : kind));

/** Ways from an item to other rows, one of each kind and some that lead over two. */
export const PATHS = {
  'to-one': ['holder'],
  'to-one, the other side': ['seal'],
  'to-many': ['parts'],
  'many-to-many': ['labels'],
  'to-one of to-one': ['holder', 'maker'],
  'to-one of to-many': ['parts', 'maker'],
  'to-many of to-one': ['maker', 'holders'],
  'many-to-many, from the other side': ['labels', 'items'],
} as const;

/** Entities with a column of each type that the database has. */
export function entitiesOf(database: DatabaseKind) {
  abstract class Owned {
    @PrimaryColumn() id!: number;
    @Column() organizationId!: number;
    @DeleteDateColumn() deletedAt!: Date | null;
  }

  @Entity()
  @TenantScoped()
  class Maker extends Owned {
    @OneToMany(() => Holder, (holder) => holder.maker) holders!: Relation<Holder[]>;
  }

  @Entity()
  @TenantScoped()
  class Holder extends Owned {
    @ManyToOne(() => Maker, (maker) => maker.holders) maker!: Relation<Maker> | null;
  }

  @Entity()
  @TenantScoped()
  class Label extends Owned {
    @ManyToMany(() => Item, (item) => item.labels) items!: Relation<Item[]>;
  }

  class Size {}

  @Entity()
  @TenantScoped()
  class Item extends Owned {
    @Column(() => Size) size!: Size;
    @Column({ type: Number, nullable: true }) holderId!: number | null;
    @ManyToOne(() => Holder) holder!: Relation<Holder> | null;
    @ManyToOne(() => Maker) maker!: Relation<Maker> | null;
    @OneToMany(() => Part, (part) => part.item) parts!: Relation<Part[]>;
    @OneToOne(() => Seal, (seal) => seal.item) seal!: Relation<Seal> | null;
    @ManyToMany(() => Label, (label) => label.items) @JoinTable() labels!: Relation<Label[]>;
  }

  @Entity()
  @TenantScoped()
  class Part extends Owned {
    @ManyToOne(() => Item, (item) => item.parts) item!: Relation<Item> | null;
    @ManyToOne(() => Maker) maker!: Relation<Maker> | null;
  }

  @Entity()
  @TenantScoped({ globallyUnique: { 'item.id': 'one seal for an item' } })
  class Seal extends Owned {
    @OneToOne(() => Item, (item) => item.seal) @JoinColumn() item!: Relation<Item> | null;
  }

  /** Texts by themselves, to ask the database which are the same. */
  @Entity()
  @TenantScoped()
  class Word extends Owned {
    @Column({ type: 'varchar', length: 40 }) text!: string;
  }

  for (const kind of kindsOf(database)) {
    const [holder, property] = kind.name.startsWith('size.') ? [Size, kind.name.slice(5)] : [Item, kind.name];
    // What TypeScript would say of a property that is declared as a number.
    if (kind.name === 'cents') Reflect.defineMetadata('design:type', Number, holder.prototype, property);
    Column(kind.declare(database)!)(holder.prototype, property);
  }
  for (const kind of RELATED_KINDS) {
    for (const holder of [Maker, Holder, Label, Part, Seal])
      Column(kind.declare(database)!)(holder.prototype, kind.name);
  }
  return { Maker, Holder, Label, Item, Part, Seal, Word };
}

export type Entities = ReturnType<typeof entitiesOf>;
