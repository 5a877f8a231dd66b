import { NotFoundException } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { requireCall } from './crud-call.js';
import type { EntityId } from './resource-id.js';

/** Reads the `:id` of a path by the types of the id's columns. */
export class IdPipe implements PipeTransform {
  /** @throws NotFoundException for a text that no row can have as its id, without asking the database */
  transform(text: unknown): EntityId {
    const id = requireCall().resource.id.read(text);
    if (id === undefined) throw new NotFoundException();
    return id;
  }
}
