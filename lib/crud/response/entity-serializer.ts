import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import { escapeReservedKeys } from '../model/reserved-keys.js';
import { compileColumns, topLevelProperty } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** The parts of a row that are not shown as TypeORM loads them. */
interface RowParts {
  readonly properties: ReadonlySet<string>;
  readonly hidden: readonly string[];
  readonly converted: readonly ResourceColumn[];
  /** Columns whose values are objects of a client's making. */
  readonly open: readonly ColumnMetadata[];
  readonly relations: readonly RelationMetadata[];
}

/** Rows of an entity in the form that they have in JSON: without hidden columns, in what is loaded of other entities too. */
export class EntitySerializer {
  private compiled?: RowParts;
  private related?: ReadonlyMap<RelationMetadata, EntitySerializer>;

  /** @param known the presentations of entities that have one */
  constructor(
    private readonly dataSource: DataSource,
    private readonly metadata: EntityMetadata,
    private readonly known = new Map<EntityMetadata, EntitySerializer>(),
  ) {
    known.set(metadata, this);
  }

  /** The names of the columns of a row. */
  get properties(): ReadonlySet<string> {
    return this.parts.properties;
  }

  /** Compiled for the first row: most answers of a list need none. */
  private get parts(): RowParts {
    return (this.compiled ??= compileParts(this.dataSource, this.metadata));
  }

  /** A copy of a row, with the prototype that says how it is shown. */
  toPlain(row: object): Record<string, unknown> {
    const copy = copyOf(row);
    const { hidden, converted, open, relations } = this.parts;
    for (const property of hidden) delete copy[property];
    for (const { property, type, metadata } of converted) {
      if (metadata.embeddedMetadata !== undefined) replaceIn(copy, metadata, type.toJson!);
      else if (copy[property] !== undefined) copy[property] = type.toJson!(copy[property]);
    }
    for (const column of open) replaceIn(copy, column, escapeReservedKeys);
    for (const relation of relations) this.presentRelated(copy, relation);
    return copy;
  }

  private presentRelated(copy: Record<string, unknown>, relation: RelationMetadata): void {
    const value = copy[relation.propertyName];
    if (typeof value !== 'object' || value === null) return;
    const presentation = this.presentationOf(relation);
    const present = (row: unknown): unknown => (isObject(row) ? presentation.toPlain(row) : row);
    copy[relation.propertyName] = Array.isArray(value) ? value.map(present) : present(value);
  }

  private presentationOf(relation: RelationMetadata): EntitySerializer {
    this.related ??= new Map(
      this.parts.relations.map((other) => {
        const metadata = other.inverseEntityMetadata;
        return [other, this.known.get(metadata) ?? new EntitySerializer(this.dataSource, metadata, this.known)];
      }),
    );
    return this.related.get(relation)!;
  }
}

function compileParts(dataSource: DataSource, metadata: EntityMetadata): RowParts {
  const columns = compileColumns(dataSource, metadata);
  return {
    properties: new Set(columns.map(topLevelProperty)),
    hidden: columns.filter((column) => !column.metadata.isSelect).map(({ property }) => property),
    converted: columns.filter((column) => column.type.toJson !== undefined),
    open: columns.filter(holdsObjects).map((column) => column.metadata),
    relations: metadata.relations.filter(({ isLazy, embeddedMetadata }) => !isLazy && !embeddedMetadata),
  };
}

/** Types in JSON whose values are no objects. */
const SCALARS: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean']);

function holdsObjects({ type, metadata }: ResourceColumn): boolean {
  return metadata.isSelect && !SCALARS.has(type.schema.type);
}

/** Replaces the value of a column in a copy of a row; what the row holds itself stays as it is. */
function replaceIn(copy: Record<string, unknown>, column: ColumnMetadata, replace: (value: unknown) => unknown): void {
  const value: unknown = column.getEntityValue(copy);
  const replacement = replace(value);
  if (replacement === value) return;
  let holder = copy;
  for (const { propertyName } of column.embeddedMetadata?.embeddedMetadataTree ?? []) {
    holder = holder[propertyName] = copyOf(holder[propertyName] as object);
  }
  holder[column.propertyName] = replacement;
}

function copyOf(object: object): Record<string, unknown> {
  const copy = Object.create(Object.getPrototypeOf(object) as object | null) as Record<string, unknown>;
  return Object.assign(copy, object);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
