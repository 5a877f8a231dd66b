import { InsertQueryBuilder } from 'typeorm';
import type { DataSource } from 'typeorm';
import type { DatabaseKind } from '../../../../support/databases.js';
import type { Random } from '../../../../support/random.js';
import type { ColumnKind, Value } from './column-kinds.js';
import { kindsOf, RELATED_KINDS } from './entities.js';
import type { Entities } from './entities.js';
import type { Collation, Row } from './evaluation.js';
import { TEXTS } from './values.js';

/** The tenant that asks. */
export const OWN = 1;
const FOREIGN = 2;

/** A row as it is stored. */
interface Stored {
  readonly id: number;
  readonly organizationId: number;
  readonly isDeleted: boolean;
  readonly values: Record<string, Value | null>;
  /** The rows that it refers to, by relation: to one, or to many over a table between them. */
  readonly refers: Readonly<Record<string, readonly Stored[]>>;
}

/** The rows of two tenants. Some refer to rows of the other one, as they may have before anything was enforced. */
export class Stock {
  private readonly makers: Stored[];
  private readonly holders: Stored[];
  private readonly labels: Stored[];
  private readonly items: Stored[];
  private readonly parts: Stored[];
  private readonly seals: Stored[];

  constructor(database: DatabaseKind, random: Random) {
    const make = (
      count: number,
      kinds: readonly ColumnKind[],
      refers: (tenant: number) => Stored['refers'] = () => ({}),
    ): Stored[] =>
      Array.from({ length: count }, (_, i) => {
        const organizationId = random.pick([OWN, FOREIGN]);
        const values = kinds.map((kind) => [kind.name, anyValue(kind, database, random)]);
        return {
          id: i + 1,
          organizationId,
          isDeleted: random.chance(0.1),
          values: Object.fromEntries(values) as Stored['values'],
          refers: refers(organizationId),
        };
      });
    // Mostly one of the same tenant.
    const one = (rows: readonly Stored[], tenant: number): Stored[] => {
      const wanted = random.chance(0.8) ? tenant : OWN + FOREIGN - tenant;
      return random.chance(0.15) ? [] : [random.pick(rows.filter(({ organizationId }) => organizationId === wanted))];
    };
    this.makers = make(20, RELATED_KINDS);
    this.holders = make(30, RELATED_KINDS, (tenant) => ({ maker: one(this.makers, tenant) }));
    this.labels = make(20, RELATED_KINDS);
    this.items = make(90, kindsOf(database), (tenant) => ({
      holder: one(this.holders, tenant),
      maker: one(this.makers, tenant),
      labels: this.labels.filter(() => random.chance(0.1)),
    }));
    this.parts = make(150, RELATED_KINDS, (tenant) => ({
      item: one(this.items, tenant),
      maker: one(this.makers, tenant),
    }));
    // One seal for an item.
    const unsealed = [...this.items];
    this.seals = make(80, RELATED_KINDS, () => ({ item: unsealed.splice(random.below(unsealed.length), 1) }));
  }

  /** Writes the rows with TypeORM's own builder, which knows no rules. */
  async store(dataSource: DataSource, entities: Entities): Promise<void> {
    const insert = async (target: string | (new () => object), rows: object[]): Promise<void> => {
      await new InsertQueryBuilder(dataSource).into(target).values(rows).updateEntity(false).execute();
    };
    await insert(entities.Maker, this.makers.map(asEntity));
    await insert(entities.Holder, this.holders.map(asEntity));
    await insert(entities.Label, this.labels.map(asEntity));
    await insert(entities.Item, this.items.map(asEntity));
    await insert(entities.Part, this.parts.map(asEntity));
    await insert(entities.Seal, this.seals.map(asEntity));
    const junction = dataSource
      .getMetadata(entities.Item)
      .findRelationWithPropertyPath('labels')!.junctionEntityMetadata!;
    const links = this.items.flatMap(({ id, refers }) =>
      refers['labels'].map((label) => ({ itemId: id, labelId: label.id })),
    );
    await insert(junction.tableName, links);
  }

  /** The items that the asking tenant has. */
  ownItems(): Row[] {
    const makers = this.own(this.makers);
    const holders = this.own(this.holders, ({ refers }) => ({ maker: found(makers, refers['maker']) }));
    const labels = this.own(this.labels);
    const items = this.own(this.items, ({ refers }) => ({
      holder: found(holders, refers['holder']),
      maker: found(makers, refers['maker']),
      labels: found(labels, refers['labels']),
    }));
    const parts = this.own(this.parts, ({ refers }) => ({ maker: found(makers, refers['maker']) }));
    const seals = this.own(this.seals);
    // The other sides.
    for (const [maker, { related }] of makers)
      add(related, 'holders', found(holders, referring(this.holders, 'maker', maker)));
    for (const [label, { related }] of labels)
      add(related, 'items', found(items, referring(this.items, 'labels', label)));
    for (const [item, { related }] of items) {
      add(related, 'parts', found(parts, referring(this.parts, 'item', item)));
      add(related, 'seal', found(seals, referring(this.seals, 'item', item)));
    }
    return [...items.values()];
  }

  private own(rows: readonly Stored[], related: (row: Stored) => Row['related'] = () => ({})): Map<Stored, Row> {
    return new Map(
      rows
        .filter(({ organizationId, isDeleted }) => organizationId === OWN && !isDeleted)
        .map((row) => [row, { id: row.id, values: row.values, related: related(row) }]),
    );
  }
}

/** Asks the database which texts are the same to it, and in which order they stand. */
export async function collationOf(dataSource: DataSource, { Word }: Entities): Promise<Collation> {
  const words = TEXTS.map((text, i) => ({ id: i + 1, organizationId: OWN, text }));
  await new InsertQueryBuilder(dataSource).into(Word).values(words).updateEntity(false).execute();
  const rows: { text: string; place: string }[] = await dataSource.query(
    'SELECT text, DENSE_RANK() OVER (ORDER BY text) AS place FROM word',
  );
  return new Map(rows.map(({ text, place }) => [text, Number(place)]));
}

function anyValue(kind: ColumnKind, database: DatabaseKind, random: Random): Value | null {
  return random.chance(0.2) ? null : random.pick(kind.values(database));
}

function asEntity({ id, organizationId, isDeleted, values, refers }: Stored): object {
  const { 'size.width': width, ...columns } = values;
  const relations = Object.entries(refers).filter(([name]) => name !== 'labels');
  return {
    id,
    organizationId,
    deletedAt: isDeleted ? new Date() : null,
    ...columns,
    size: { width },
    ...Object.fromEntries(relations.map(([name, [row]]) => [name, row && { id: row.id }])),
  };
}

function found(among: ReadonlyMap<Stored, Row>, rows: readonly Stored[]): Row[] {
  return rows.flatMap((row) => among.get(row) ?? []);
}

function referring(rows: readonly Stored[], relation: string, to: Stored): Stored[] {
  return rows.filter(({ refers }) => refers[relation].includes(to));
}

function add(related: Row['related'], name: string, rows: readonly Row[]): void {
  Object.assign(related, { [name]: rows });
}
