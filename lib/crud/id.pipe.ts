import { NotFoundException } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { requireCall } from './crud-call.js';
import { requireParents } from './required-parents.js';
import type { EntityId } from './resource-id.js';

/** Reads the `:id` of a path by the types of the id's columns. */
export class IdPipe implements PipeTransform {
  /** @throws NotFoundException for a text that no row can have as its id, and where the path names no parent */
  async transform(text: unknown): Promise<EntityId> {
    const call = requireCall();
    await requireParents(call);
    const id = call.resource.id.read(text);
    if (id === undefined) throw new NotFoundException();
    return id;
  }
}
