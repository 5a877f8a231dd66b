import { NotFoundException } from '@nestjs/common';
import { EntityNotFoundError } from 'typeorm';
import type { EntityManager, EntityMetadata, ObjectLiteral } from 'typeorm';
import { ReferenceUnknownError } from '../../errors/reference-unknown.error.js';
import { UniqueConflictError } from '../../errors/unique-conflict.error.js';
import { parseDriverError } from '../../orm/execution/driver-error.parser.js';
import { applyConditions, applyAnyOf } from '../model/column-conditions.js';
import type { Condition } from '../model/column-conditions.js';
import type { EntityId } from '../model/resource-id.js';
import type { WriteContext } from './write-context.js';
import type { LinkTarget } from '../links/link-target.js';

/** Adds and removes many-to-many links. Idempotent; 404 if either row is not visible. One instance per operation. */
export class LinkWriter<T extends object> {
  constructor(private readonly terms: WriteContext<T>) {}

  /** @throws NotFoundException if one of the rows is not visible */
  async link(id: EntityId, relation: string, linkedId: EntityId): Promise<void> {
    try {
      await this.change(id, relation, linkedId, true);
    } catch (error) {
      // A concurrent request has linked the rows.
      if (!isAlreadyLinked(error)) throw isRowMissing(error) ? new NotFoundException() : error;
    }
  }

  /** @throws NotFoundException as `link` */
  async unlink(id: EntityId, relation: string, linkedId: EntityId): Promise<void> {
    try {
      await this.change(id, relation, linkedId, false);
    } catch (error) {
      throw isRowMissing(error) ? new NotFoundException() : error;
    }
  }

  private async change(id: EntityId, relation: string, linkedId: EntityId, wanted: boolean): Promise<void> {
    const { resource, rows } = this.terms;
    const end = resource.linkEnd(relation);
    const linkedWhich = end.id.whereId(linkedId);
    const which = resource.id.whereId(id);
    await rows.assertOwn(which);
    const row = await rows.find(which);
    const linked = await findLinked(rows.manager, end, linkedWhich);
    if ((await this.isLinked(row, end, linkedWhich)) === wanted) return;
    await rows.inTransaction(true, async (unit) => {
      // First, so that of two concurrent requests one waits for the row lock of the other.
      if (hasVersionOrUpdateDate(resource.metadata)) await unit.update(resource.key.whereRow(row), {});
      const links = unit.manager.createQueryBuilder().relation(resource.entity, end.property).of(row);
      await (wanted ? links.add(linked) : links.remove(linked));
    });
  }

  private async isLinked(row: T, { property }: LinkTarget, linkedWhich: readonly Condition[]): Promise<boolean> {
    const { resource, rows } = this.terms;
    const select = rows.manager.createQueryBuilder(resource.entity, 'item').innerJoin(`item.${property}`, 'linked');
    applyConditions(select, resource.key.whereRow(row), 'item');
    applyAnyOf(select, [linkedWhich], 'linked');
    return select.getExists();
  }
}

/** Checks whether a row has a version or update date, which a change of its links must update. */
export function hasVersionOrUpdateDate({ versionColumn, updateDateColumn }: EntityMetadata): boolean {
  return versionColumn !== undefined || updateDateColumn !== undefined;
}

async function findLinked(
  manager: EntityManager,
  { target }: LinkTarget,
  which: readonly Condition[],
): Promise<ObjectLiteral> {
  const select = manager.createQueryBuilder<ObjectLiteral>(target.target, 'linked');
  applyConditions(select, which, 'linked');
  const linked = await select.getOne();
  if (linked === null) throw new NotFoundException();
  return linked;
}

function isAlreadyLinked(error: unknown): boolean {
  return error instanceof UniqueConflictError || parseDriverError(error)?.kind === 'unique';
}

/** Checks whether a concurrent request has deleted one of the rows. */
function isRowMissing(error: unknown): boolean {
  return (
    error instanceof ReferenceUnknownError ||
    error instanceof EntityNotFoundError ||
    parseDriverError(error)?.kind === 'foreign-key'
  );
}
