import { NotFoundException } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { requireRequest } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { EntityId, IdPart } from '../../model/resource-id.js';

/** Parses the `:id` of a path by the types of the id's columns. */
export class IdPipe implements PipeTransform {
  /** @throws NotFoundException for a text that cannot be an id, or if a parent in the path is not visible */
  async transform(text: unknown): Promise<EntityId> {
    const call = requireRequest();
    await resolveParents(call);
    const id = call.resource.id.read(text);
    if (id === undefined) throw new NotFoundException();
    return id;
  }
}

/** Uses the parent's key as the id of a one-to-one resource. */
export class ParentIdPipe implements PipeTransform {
  /** @throws NotFoundException if a parent in the path is not visible */
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
