import type { Type } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import type { BodyValidator } from '../body/body-validator.js';
import type { BodyRoute } from '../options/crud-routes.js';
import type { ExposedProperties } from '../model/response-exposure.js';
import type { FieldTree } from '../model/field-tree.js';
import type { ParentChain } from '../parents/parent-chain.js';
import type { LinkTarget } from '../links/link-target.js';
import type { LinkField } from '../links/link-field.js';
import type { ProblemDetailsMode } from '../errors/content-negotiation.js';
import type { ListQuery } from '../query/list-query.js';
import type { ListRules } from '../query/list-rules.js';
import { findField, findRelation } from '../query/query-field.js';
import type { QueryField } from '../query/query-field.js';
import { BoundedCache } from '../../common/bounded-cache.js';
import type { ProjectionRules } from '../query/projection-rules.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { ResourceId } from '../model/resource-id.js';
import type { ResponseSerializer } from '../response/response-serializer.js';

/** Maximum number of cached client queries. */
const MAX_QUERIES = 500;

/** The parts of a {@link Resource}. */
export interface ResourceParts<T extends object> {
  readonly entity: Type<T>;
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly columns: readonly ResourceColumn[];
  readonly fields: FieldTree;
  /** The primary key. */
  readonly key: ResourceId;
  /** The id in a path: the primary key, unless the option `id` names another column. */
  readonly id: ResourceId;
  /** The parents in the path. */
  readonly parents: ParentChain | undefined;
  /** True if the path of the parent identifies the row. */
  readonly isOneToOne: boolean;
  /** The rules for list queries of clients. */
  readonly list: ListRules;
  /** The rules for queries of a single row. */
  readonly row: ProjectionRules;
  /** The validators of request bodies. */
  readonly bodies: Readonly<Record<BodyRoute, BodyValidator>>;
  /** The exposed properties of the response for a single row, by the entity's property names. */
  readonly shown: ExposedProperties;
  /** Serializes responses. */
  readonly serializer: ResponseSerializer;
  readonly strictPayload: boolean;
  /** Texts for CHECK constraints, by their names. */
  readonly constraints: Readonly<Record<string, string>>;
  /** Maximum number of rows per `createMany`. */
  readonly maxBulkRows: number;
  /** True if changes require an `If-Match` header. */
  readonly requireIfMatch: boolean;
  /** When errors are sent as problem details. */
  readonly problemDetails: ProblemDetailsMode;
  /** The relations that a body may set as lists of keys. */
  readonly linkFields: ReadonlyMap<string, LinkField>;
  /** The targets of many-to-many relations; see {@link Resource.linkEnd}. */
  readonly linkEnds: ReadonlyMap<string, LinkTarget>;
}

/** Base class that copies its parts to its own properties. */
const ResourceProperties = class {
  constructor(parts: object) {
    Object.assign(this, parts);
  }
} as new <T extends object>(parts: ResourceParts<T>) => ResourceParts<T>;

/** An entity as served, compiled once from its metadata and the options of `@Crud`. Immutable. */
export class Resource<T extends object = object> extends ResourceProperties<T> {
  /** Cache of parsed list queries, keyed by their text. */
  readonly queries = new BoundedCache<string, ListQuery<object>>(MAX_QUERIES);
  private readonly byProperty = new Map(this.columns.map((column) => [column.property, column]));

  get name(): string {
    return this.metadata.name;
  }

  /**
   * Returns the column of a property path.
   *
   * @param property the path within embedded objects
   * @throws TypeError for an unknown name, which must never reach SQL
   */
  column(property: string): ResourceColumn {
    const column = this.byProperty.get(property);
    if (column === undefined) throw new TypeError(`${this.name} has no column '${property}'.`);
    return column;
  }

  /**
   * Returns the target of a many-to-many relation.
   *
   * @throws TypeError for an unknown name
   */
  linkEnd(relation: string): LinkTarget {
    const end = this.linkEnds.get(relation);
    if (end === undefined) throw new TypeError(`${this.name} has no many-to-many relation '${relation}'.`);
    return end;
  }

  /** Returns the column of a path, which may cross relations; undefined if there is none. */
  field(path: string): QueryField | undefined {
    return findField(this.dataSource, this.metadata, path);
  }

  /** Returns the relation of a path, of which a filter may ask whether there is a row; undefined if there is none. */
  relation(path: string): QueryField | undefined {
    return findRelation(this.dataSource, this.metadata, path);
  }

  hasColumn(property: string): boolean {
    return this.byProperty.has(property);
  }
}
