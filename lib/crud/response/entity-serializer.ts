import type { DataSource, EntityMetadata } from 'typeorm';
import type { ColumnMetadata, RelationMetadata } from '../../common/peer-internals.js';
import { compileColumns, hasAccessor, topLevelProperty } from '../model/resource-column.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** The parts of a row that must be changed before serialization. */
interface RowParts {
  readonly properties: ReadonlySet<string>;
  readonly hidden: readonly string[];
  /** Columns whose values are not properties of the row itself. */
  readonly computed: readonly string[];
  readonly converted: readonly ResourceColumn[];
  readonly relations: readonly RelationMetadata[];
}

/**
 * Prepares rows of an entity and their related rows for serialization: removes hidden columns and converts values to
 * JSON.
 */
export class EntitySerializer {
  private compiled?: RowParts;
  private related?: ReadonlyMap<RelationMetadata, EntitySerializer>;

  /** @param known the existing serializers of entities */
  constructor(
    private readonly dataSource: DataSource,
    private readonly metadata: EntityMetadata,
    private readonly known = new Map<EntityMetadata, EntitySerializer>(),
  ) {
    known.set(metadata, this);
  }

  /** Returns the top-level property names of the columns. */
  get properties(): ReadonlySet<string> {
    return this.parts.properties;
  }

  /** Compiled on first use, because most list responses do not need it. */
  private get parts(): RowParts {
    return (this.compiled ??= compileParts(this.dataSource, this.metadata));
  }

  /** Returns a converted copy of a row, with the same prototype, which has the class-transformer decorators. */
  toPlain(row: object): Record<string, unknown> {
    const copy = copyOf(row);
    const { hidden, computed, converted, relations } = this.parts;
    for (const property of computed) showIn(copy, property, Reflect.get(row, property));
    for (const property of hidden) delete copy[property];
    for (const { property, type, metadata } of converted) {
      if (metadata.embeddedMetadata !== undefined) replaceIn(copy, metadata, type.toJson!);
      else if (copy[property] !== undefined) copy[property] = type.toJson!(copy[property]);
    }
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
    computed: columns
      .filter((column) => column.metadata.embeddedMetadata === undefined && hasAccessor(column))
      .map(({ property }) => property),
    converted: columns.filter((column) => column.type.toJson !== undefined),
    relations: metadata.relations.filter(({ isLazy, embeddedMetadata }) => !isLazy && !embeddedMetadata),
  };
}

/** Replaces a column's value in a copy of a row without changing the row's embedded objects. */
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

/** Sets a property of a copy, whatever its class does when it is assigned. */
function showIn(copy: Record<string, unknown>, property: string, value: unknown): void {
  if (value === undefined) return;
  Object.defineProperty(copy, property, { value, configurable: true, enumerable: true, writable: true });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
