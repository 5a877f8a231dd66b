import type { ListRules } from '../../crud/query/list-rules.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import { nameOf } from './schema-registry.js';
import type { SchemaRegistry } from './schema-registry.js';

const COUNT: JsonSchema = { type: 'integer', minimum: 0 };
const CURSOR: JsonSchema = { type: ['string', 'null'] };

/**
 * Returns the schema of a list: a page, a cursor page, or for mode `flat` also a bare array.
 *
 * @param row determines the names of the page schemas
 * @param item the schema of an element
 */
export function listSchema(
  row: JsonSchema,
  item: JsonSchema,
  { format }: ListRules,
  named: SchemaRegistry,
): JsonSchema {
  const items: JsonSchema = { type: 'array', items: item };
  const limit: JsonSchema = { type: 'integer', minimum: 0 };
  const page = named.add(`${nameOf(row)}Page`, '', {
    type: 'object',
    properties: {
      items,
      total: { ...COUNT, description: 'The total number of rows; absent if they are not counted.' },
      totalIsCapped: { const: true, description: 'The list has more rows than `total`.' },
      limit,
      offset: COUNT,
      page: { type: 'integer', minimum: 1, description: 'The number of the page, if the query has one.' },
    },
    required: ['items', 'limit', 'offset'],
  });
  const cursorPage = named.add(`${nameOf(row)}CursorPage`, '', {
    type: 'object',
    properties: { items, limit, nextCursor: CURSOR, prevCursor: CURSOR },
    required: ['items', 'limit', 'nextCursor', 'prevCursor'],
  });
  return { anyOf: [...(format === 'array' ? [items] : []), page, cursorPage] };
}
