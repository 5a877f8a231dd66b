import { NotFoundException } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { requireRequest } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { EntityId, IdPart } from '../../model/resource-id.js';

/** Reads the `:id` of a path by the types of the id's columns. */
export class IdPipe implements PipeTransform {
  /** @throws NotFoundException for a text that no row can have as its id, and where the path names no parent */
  async transform(text: unknown): Promise<EntityId> {
    const call = requireRequest();
    await resolveParents(call);
    const id = call.resource.id.read(text);
    if (id === undefined) throw new NotFoundException();
    return id;
  }
}

/** Gives the only row below a parent the parent's key as its id. */
export class ParentIdPipe implements PipeTransform {
  /** @throws NotFoundException where the path names no parent */
  async transform(): Promise<EntityId> {
    const call = requireRequest();
    const { values } = await resolveParents(call);
    const parts = call.resource.id.columns.map((column): [string, IdPart] => [
      column.property,
      values.get(column) as IdPart,
    ]);
    return parts.length === 1 ? parts[0][1] : Object.fromEntries(parts);
  }
}
