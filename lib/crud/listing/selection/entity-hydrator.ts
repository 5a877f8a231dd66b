import type { Driver, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import type { EmbeddedMetadata, RelationMetadata } from '../../../common/peer-internals.js';
import type { RawRow } from '../../../orm/compiled-select.js';
import { hydrationOf } from './column-hydration.js';
import type { JoinedEntity, SelectedBranch, SelectedColumn, SelectionNode } from './selection-tree.js';

/** Sets a part of an entity from a row. */
type Setter = (target: ObjectLiteral, row: RawRow) => void;

/** The state of one hydration of several rows. */
export interface HydrationContext {
  /** The query runner that lazy relations of the entities use; undefined for the default. */
  readonly runner: QueryRunner | undefined;
  /** Records an entity whose to-many relation a further select loads. */
  readonly found: (branch: SelectedBranch, row: RawRow, entity: ObjectLiteral) => void;
}

/** How rows become instances of one entity; with single table inheritance each child entity has its own plan. */
interface HydrationPlan {
  readonly metadata: EntityMetadata;
  readonly steps: readonly Setter[];
  readonly joined: readonly ((target: ObjectLiteral, row: RawRow, reading: HydrationContext) => void)[];
  readonly branches: readonly SelectedBranch[];
}

/**
 * Creates entities from rows like TypeORM: class instances, embedded objects, transformers and values hydrated by the
 * driver. Metadata is evaluated once, when it is constructed.
 */
export class EntityHydrator {
  private readonly form: HydrationPlan;
  /** Keyed by the discriminator value. */
  private readonly subclasses: ReadonlyMap<unknown, HydrationPlan>;
  private readonly discriminator: string | undefined;
  private readonly keys: readonly string[];

  constructor(
    private readonly selected: SelectionNode,
    private readonly driver: Driver,
  ) {
    const { metadata, columns } = selected;
    this.form = this.formOf(metadata);
    this.subclasses = new Map(
      metadata.childEntityMetadatas.map((child) => [child.discriminatorValue, this.formOf(child)]),
    );
    this.discriminator = columns.find(({ column }) => column.isDiscriminator)?.name;
    const keys = columns.filter(({ column }) => column.isPrimary);
    this.keys = (keys.length > 0 ? keys : columns).map(({ name }) => name);
  }

  /** @returns null if the LEFT JOIN matched no visible row */
  read(row: RawRow, reading: HydrationContext): ObjectLiteral | null {
    if (!this.keys.some((name) => row[name] !== null)) return null;
    const { metadata, steps, joined, branches } =
      (this.discriminator === undefined ? undefined : this.subclasses.get(row[this.discriminator])) ?? this.form;
    const entity = metadata.create(reading.runner, { fromDeserializer: true }) as ObjectLiteral;
    for (const step of steps) step(entity, row);
    for (const join of joined) join(entity, row, reading);
    for (const branch of branches) reading.found(branch, row, entity);
    return entity;
  }

  private formOf(metadata: EntityMetadata): HydrationPlan {
    const isChilds = (target: unknown): boolean =>
      metadata.childEntityMetadatas.some((child) => child.target === target);
    const byName = new Map(metadata.columns.map((column) => [column.databaseName, column]));
    const columns = this.selected.columns
      .map(({ column, name }) => ({ column: byName.get(column.databaseName), name }))
      .filter((selected): selected is SelectedColumn => selected.column !== undefined)
      .filter(({ column }) => !column.isVirtual && !isChilds(column.target));
    // With single table inheritance, a child entity does not have the relations of its siblings.
    const has = ({ relation }: { readonly relation: RelationMetadata }): boolean =>
      metadata.findRelationWithPropertyPath(relation.propertyPath) !== undefined;
    return {
      metadata,
      steps: this.stepsOf(columns, 0),
      joined: this.selected.joined.filter(has).map((joined) => this.joinOf(joined)),
      branches: this.selected.branches.filter(has),
    };
  }

  /** @param depth of the columns: 0 in the entity, 1 in an embedded object of it */
  private stepsOf(columns: readonly SelectedColumn[], depth: number): Setter[] {
    const steps: Setter[] = [];
    const seen = new Set<EmbeddedMetadata>();
    for (const selected of columns) {
      const embedded = embeddedAt(selected, depth);
      if (embedded === undefined) steps.push(this.columnStep(selected));
      else if (!seen.has(embedded)) {
        seen.add(embedded);
        const own = columns.filter((other) => embeddedAt(other, depth) === embedded);
        steps.push(embeddedStep(embedded, this.stepsOf(own, depth + 1)));
      }
    }
    return steps;
  }

  private columnStep({ column, name }: SelectedColumn): Setter {
    const { propertyName } = column;
    const hydrate = hydrationOf(column, this.driver);
    if (hydrate === undefined) return (target, row) => (target[propertyName] = row[name]);
    return (target, row) => (target[propertyName] = hydrate(row[name]));
  }

  private joinOf({ relation, entity }: JoinedEntity): HydrationPlan['joined'][number] {
    const reader = new EntityHydrator(entity, this.driver);
    return (target, row, reading) => setRelation(target, relation, reader.read(row, reading));
  }
}

/** Sets a relation. TypeORM's setter would merge the value into an object that the entity's constructor has created. */
export function setRelation(target: ObjectLiteral, relation: RelationMetadata, value: unknown): void {
  let holder = target;
  for (const embedded of relation.embeddedMetadata?.embeddedMetadataTree ?? []) {
    holder = (holder[embedded.propertyName] ??= embedded.create()) as ObjectLiteral;
  }
  holder[relation.propertyName] = value;
}

function embeddedAt({ column }: SelectedColumn, depth: number): EmbeddedMetadata | undefined {
  return column.embeddedMetadata?.embeddedMetadataTree[depth];
}

function embeddedStep(embedded: EmbeddedMetadata, steps: readonly Setter[]): Setter {
  const { propertyName } = embedded;
  return (target, row) => {
    const object = (target[propertyName] ??= embedded.create()) as ObjectLiteral;
    for (const step of steps) step(object, row);
  };
}
