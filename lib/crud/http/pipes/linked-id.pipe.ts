import { NotFoundException } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { requireRequest } from '../crud-request-context.js';
import { resolveParents } from '../require-parents.js';
import type { EntityId } from '../../model/resource-id.js';

/** Reads the id of a row on the far side of a relation by the types of its key's columns. */
export class LinkedIdPipe implements PipeTransform {
  constructor(private readonly relation: string) {}

  /** @throws NotFoundException for a text that no row there can have as its id, and where the path names no parent */
  async transform(text: unknown): Promise<EntityId> {
    const call = requireRequest();
    await resolveParents(call);
    const id = call.resource.linkEnd(this.relation).id.read(text);
    if (id === undefined) throw new NotFoundException();
    return id;
  }
}
