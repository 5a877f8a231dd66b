import type { EntityManager, ObjectLiteral } from 'typeorm';
import { badRequest } from '../problem-details/bad-request.js';
import { meet } from '../rows/conditions.js';
import { bodyProblem } from '../problem-details/problem.js';
import type { Resource } from '../resource/resource.js';
import type { LinkField, OfferedLinks } from './link-field.js';

/** Links of one relation that come and go. */
interface LinkChange {
  readonly field: LinkField;
  readonly wanted: readonly unknown[];
  readonly added: readonly unknown[];
  readonly removed: readonly unknown[];
}

/** What has to happen to the links of a row. Only rows that the scope sees are linked, and only such links are removed. */
export class LinkChanges<T extends object> {
  private constructor(
    private readonly resource: Resource<T>,
    private readonly changes: readonly LinkChange[],
  ) {}

  /**
   * @param row as it is stored; undefined for one that is going to be made
   * @throws BadRequestException for a key of no row: the same for one that the scope hides
   */
  static async find<T extends object>(
    resource: Resource<T>,
    manager: EntityManager,
    row: T | undefined,
    offered: OfferedLinks,
  ): Promise<LinkChanges<T>> {
    const changes: LinkChange[] = [];
    for (const [field, wanted] of offered) {
      const present = row === undefined ? [] : await presentKeys(resource, manager, row, field);
      const added = without(wanted, present);
      await requireRows(manager, field, added);
      changes.push({ field, wanted, added, removed: without(present, wanted) });
    }
    return new LinkChanges(
      resource,
      changes.filter(({ added, removed }) => added.length + removed.length > 0),
    );
  }

  get isEmpty(): boolean {
    return this.changes.length === 0;
  }

  /** The rows that the relations will have, by their keys. */
  plain(): ObjectLiteral {
    return Object.fromEntries(
      this.changes.map(({ field: { property, key }, wanted }) => [
        property,
        wanted.map((value) => ({ [key.property]: value })),
      ]),
    );
  }

  /** @param row as it is stored */
  async write(row: T, manager: EntityManager): Promise<void> {
    for (const { field, added, removed } of this.changes) {
      const links = manager.createQueryBuilder().relation(this.resource.entity, field.property).of(row);
      if (removed.length > 0) await links.remove(removed);
      if (added.length > 0) await links.add(added);
    }
  }
}

/** The keys of the rows that are linked now, as far as the scope sees them. */
async function presentKeys<T extends object>(
  resource: Resource<T>,
  manager: EntityManager,
  row: T,
  { property, key }: LinkField,
): Promise<unknown[]> {
  const select = manager
    .createQueryBuilder(resource.entity, 'item')
    // Links to deleted rows are links: they would come back with the row.
    .withDeleted()
    .innerJoin(`item.${property}`, 'linked')
    .select(`linked.${key.metadata.propertyPath}`, 'key');
  meet(select, resource.key.conditionsOf(row), 'item');
  const rows = await select.getRawMany<{ readonly key: unknown }>();
  return rows.map((raw) => key.type.read(raw.key) ?? raw.key);
}

async function requireRows(
  manager: EntityManager,
  { property, target, key }: LinkField,
  keys: readonly unknown[],
): Promise<void> {
  if (keys.length === 0) return;
  const found = await manager
    .createQueryBuilder(target.target, 'linked')
    .where(`linked.${key.metadata.propertyPath} IN (:...keys)`, { keys })
    .getCount();
  if (found < keys.length) {
    throw badRequest([bodyProblem(property, `${property} refers to a row that does not exist`, 'reference')]);
  }
}

function without(keys: readonly unknown[], others: readonly unknown[]): unknown[] {
  const known = new Set(others.map(String));
  return keys.filter((key) => !known.has(String(key)));
}
