import type { Type } from '@nestjs/common';
import { isColumn } from '../model/field-tree.js';
import type { FieldTree } from '../model/field-tree.js';
import type { RequestError } from '../errors/request-error.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** What a body of one route may hold. */
export interface BodySchema {
  readonly entity: Type<object>;
  /** The DTO; undefined where the entity itself says what a body may hold. */
  readonly dto: Type<object> | undefined;
  /** All fields of the resource, writable or not. */
  readonly fields: FieldTree;
  /** The keys of the resource's answers: a body from GET can be sent back. */
  readonly shownKeys: ReadonlySet<string>;
  /**
   * Whether rows may show properties that are no columns: what `@AfterLoad` and subscribers set is known of a row that has been read, and of no
   * class.
   */
  readonly mayShowMore: () => boolean;
  /** Whether the body changes a part of a row: the rules are asked about the properties that are sent. */
  readonly partial: boolean;
  /** Whether the rules were written for another route: then a column alone says whether null may clear it. */
  readonly isBorrowed: boolean;
  /** Whether this route takes the column from the client. */
  readonly accepts: (column: ResourceColumn) => boolean;
  /** Tenant columns that the client has to name: on a route that works over all tenants nothing else does. */
  readonly tenantColumns: readonly ResourceColumn[];
}

/** A body as its own keys. */
export type Json = Readonly<Record<string, unknown>>;

/** What a body says, for the handler. */
export interface AcceptedBody {
  readonly body: Record<string, unknown>;
  /** Properties that are no columns: to be refused unless the row shows them. */
  readonly undecided: Json;
}

/** What a body says, for the handler, and what is wrong with it. */
export interface ReadBody {
  readonly body: Record<string, unknown>;
  readonly problems: readonly RequestError[];
}

/** The column behind a top-level key; undefined for an embedded object and for a key that is no field. */
export function columnOf({ fields }: BodySchema, key: string): ResourceColumn | undefined {
  const field = fields.get(key);
  return field !== undefined && isColumn(field) ? field : undefined;
}

/** Whether a key names a column that this route does not take from the client. */
export function isReadOnly(form: BodySchema, key: string): boolean {
  const column = columnOf(form, key);
  return column !== undefined && !form.accepts(column);
}
