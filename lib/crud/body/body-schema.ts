import type { Type } from '@nestjs/common';
import { isColumn } from '../model/field-tree.js';
import type { FieldTree } from '../model/field-tree.js';
import type { RequestError } from '../errors/request-error.js';
import type { ResourceColumn } from '../model/resource-column.js';

/** The schema of the request body of one route. */
export interface BodySchema {
  readonly entity: Type<object>;
  /** The body DTO; undefined if the entity's own metadata defines the body. */
  readonly dto: Type<object> | undefined;
  readonly fields: FieldTree;
  /**
   * The keys that responses of the resource contain. A body may repeat them, so that a row from GET can be sent back.
   */
  readonly shownKeys: ReadonlySet<string>;
  /**
   * Returns whether rows may expose properties that are not columns. `@AfterLoad` and subscribers set such properties
   * on loaded rows; no class metadata lists them.
   */
  readonly mayShowMore: () => boolean;
  /** True for PATCH: validation rules apply only to the properties that the client sent. */
  readonly partial: boolean;
  /**
   * True if the validation rules were written for another route. Then only the column decides whether null is allowed.
   */
  readonly isBorrowed: boolean;
  /** Returns whether this route accepts the column from the client. */
  readonly accepts: (column: ResourceColumn) => boolean;
  /** Tenant columns that the client must send: on a cross-tenant route no tenant scope provides them. */
  readonly tenantColumns: readonly ResourceColumn[];
}

/** The own properties of a JSON body. */
export type Json = Readonly<Record<string, unknown>>;

/** A validated body, as the handler receives it. */
export interface AcceptedBody {
  readonly body: Record<string, unknown>;
  /** Properties that are not columns. They are rejected later unless the loaded row exposes them. */
  readonly undecided: Json;
}

/** A parsed body and its validation errors. */
export interface ReadBody {
  readonly body: Record<string, unknown>;
  readonly problems: readonly RequestError[];
}

/** Returns the column of a top-level key; undefined for an embedded object or an unknown key. */
export function columnOf({ fields }: BodySchema, key: string): ResourceColumn | undefined {
  const field = fields.get(key);
  return field !== undefined && isColumn(field) ? field : undefined;
}

/** Checks whether a key is a column that this route does not accept from the client. */
export function isReadOnly(form: BodySchema, key: string): boolean {
  const column = columnOf(form, key);
  return column !== undefined && !form.accepts(column);
}
