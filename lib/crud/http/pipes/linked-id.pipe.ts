import { NotFoundException } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { requireRequest } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { EntityId } from '../../model/resource-id.js';

/** Parses the id of a related row by the types of its key columns. */
export class LinkedIdPipe implements PipeTransform {
  constructor(private readonly relation: string) {}

  /** @throws NotFoundException for a text that cannot be an id there, or if a parent in the path is not visible */
  async transform(text: unknown): Promise<EntityId> {
    const call = requireRequest();
    await resolveParents(call);
    const id = call.resource.linkEnd(this.relation).id.read(text);
    if (id === undefined) throw new NotFoundException();
    return id;
  }
}
