import type { Type } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import type { BodyValidator } from '../body/body-validator.js';
import type { BodyRoute } from '../options/crud-routes.js';
import type { ExposedProperties } from '../model/dto-exposure.js';
import type { FieldTree } from '../model/field-tree.js';
import type { ParentChain } from '../parents/parent-chain.js';
import type { LinkTarget } from '../links/link-target.js';
import type { LinkField } from '../links/link-field.js';
import type { ProblemDetailsMode } from '../errors/content-negotiation.js';
import type { ListQuery } from '../query/list-query.js';
import type { ListRules } from '../query/list-rules.js';
import { findField } from '../query/query-field.js';
import type { QueryField } from '../query/query-field.js';
import { BoundedCache } from '../../common/bounded-cache.js';
import type { ProjectionRules } from '../query/row-rules.js';
import type { ResourceColumn } from '../model/resource-column.js';
import type { ResourceId } from '../model/resource-id.js';
import type { ResponseSerializer } from '../response/response-serializer.js';

/** How many queries of clients are remembered. */
const MAX_QUERIES = 500;

/** What a {@link Resource} is made of. */
export interface ResourceParts<T extends object> {
  readonly entity: Type<T>;
  readonly dataSource: DataSource;
  readonly metadata: EntityMetadata;
  readonly columns: readonly ResourceColumn[];
  readonly fields: FieldTree;
  /** The primary key. */
  readonly key: ResourceId;
  /** What names a row in a path: the primary key, unless `id` of the options names another column. */
  readonly id: ResourceId;
  /** The rows in a path that the resource's rows lie below. */
  readonly parents: ParentChain | undefined;
  /** Whether the path of a parent is that of the row. */
  readonly isOneToOne: boolean;
  /** What a client may ask of a list. */
  readonly list: ListRules;
  /** What a client may ask of a single row. */
  readonly row: ProjectionRules;
  /** What a client may write. */
  readonly bodies: Readonly<Record<BodyRoute, BodyValidator>>;
  /** What the answer for a single row shows, by the names of the entity's properties. */
  readonly shown: ExposedProperties;
  /** What a client sees. */
  readonly shape: ResponseSerializer;
  readonly strictPayload: boolean;
  /** Most rows that a client may make at once. */
  readonly maxBulk: number;
  /** Whether a client has to say which version of a row it changes. */
  readonly requireIfMatch: boolean;
  /** When errors go out as problem documents. */
  readonly problemDetails: ProblemDetailsMode;
  /** The relations that a write may give as lists of keys. */
  readonly linkFields: ReadonlyMap<string, LinkField>;
  /** The far sides of relations that have routes; see {@link Resource.linkEnd}. */
  readonly linkEnds: ReadonlyMap<string, LinkTarget>;
}

/** Has the parts that it is made of as its own properties. */
const MadeOfParts = class {
  constructor(parts: object) {
    Object.assign(this, parts);
  }
} as new <T extends object>(parts: ResourceParts<T>) => ResourceParts<T>;

/** An entity as it is served: compiled once from its metadata and the options of `@Crud`. Immutable. */
export class Resource<T extends object = object> extends MadeOfParts<T> {
  /** What clients have asked of lists, by its text. */
  readonly queries = new BoundedCache<string, ListQuery<object>>(MAX_QUERIES);
  private readonly byProperty = new Map(this.columns.map((column) => [column.property, column]));

  /** The entity's name. */
  get name(): string {
    return this.metadata.name;
  }

  /**
   * @param property name of a column, by path within embedded objects
   * @throws TypeError for a name that is no column: it must never get into SQL
   */
  column(property: string): ResourceColumn {
    const column = this.byProperty.get(property);
    if (column === undefined) throw new TypeError(`${this.name} has no column '${property}'.`);
    return column;
  }

  /**
   * The far side of a relation.
   *
   * @throws TypeError for a name that is no many-to-many relation
   */
  linkEnd(relation: string): LinkTarget {
    const end = this.linkEnds.get(relation);
    if (end === undefined) throw new TypeError(`${this.name} has no many-to-many relation '${relation}'.`);
    return end;
  }

  /** The column that a path leads to, over relations too; undefined when there is none. */
  field(path: string): QueryField | undefined {
    return findField(this.dataSource, this.metadata, path);
  }

  /** Whether a property is a column. */
  hasColumn(property: string): boolean {
    return this.byProperty.has(property);
  }
}
