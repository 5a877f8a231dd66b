import type { DataSource, EntityMetadata } from 'typeorm';
import { badRequest } from '../problem-details/bad-request.js';
import { bodyProblem } from '../problem-details/problem.js';
import type { Problem } from '../problem-details/problem.js';
import { compileColumns } from '../resource/resource-column.js';
import type { ResourceColumn } from '../resource/resource-column.js';

/** Most rows that a body may link by one relation. */
export const MAX_LINKS = 100;

/** A many-to-many relation, which a body writes as a list of keys. */
export interface LinkField {
  /** Its name, by path within embedded objects. */
  readonly property: string;
  /** The entity on the far side. */
  readonly target: EntityMetadata;
  /** The key of the rows there. */
  readonly key: ResourceColumn;
}

/** What a write says of links: for each relation that it names all the keys. */
export type OfferedLinks = ReadonlyMap<LinkField, readonly unknown[]>;

/** The many-to-many relations of an entity whose far side has a key of one column. */
export function compileLinks(dataSource: DataSource, { manyToManyRelations }: EntityMetadata): Map<string, LinkField> {
  const links = new Map<string, LinkField>();
  for (const { propertyPath: property, inverseEntityMetadata: target } of manyToManyRelations) {
    const keys = compileColumns(dataSource, target).filter(({ metadata }) => metadata.isPrimary);
    if (keys.length === 1) links.set(property, { property, target, key: keys[0] });
  }
  return links;
}

/**
 * The links that an object offers: `{ tags: [1, 2] }`, or `{ tags: [{ "id": 1 }] }`.
 *
 * @throws BadRequestException for what is no list of keys, or too long a one
 */
export function offeredLinks(fields: ReadonlyMap<string, LinkField>, offer: object): OfferedLinks {
  const links = new Map<LinkField, readonly unknown[]>();
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(offer) as [string, unknown][]) {
    const field = fields.get(name);
    if (field === undefined || value === undefined) continue;
    const keys = readKeys(field, value);
    if (keys === undefined) problems.push(misfit(field));
    else links.set(field, keys);
  }
  if (problems.length > 0) throw badRequest(problems);
  return links;
}

function readKeys({ key }: LinkField, value: unknown): unknown[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_LINKS) return undefined;
  const keys = (value as unknown[]).map((item) => {
    const isRow = typeof item === 'object' && item !== null && Object.hasOwn(item, key.property);
    const given = isRow ? (item as Readonly<Record<string, unknown>>)[key.property] : item;
    return given === null || given === undefined ? undefined : key.type.read(given);
  });
  if (keys.includes(undefined)) return undefined;
  return [...new Map(keys.map((read) => [String(read), read])).values()];
}

function misfit({ property, key }: LinkField): Problem {
  const each = `each ${key.type.expects}, or an object with such a ${key.property}`;
  return bodyProblem(property, `${property} must be a list of at most ${MAX_LINKS} keys, ${each}`, 'type');
}
