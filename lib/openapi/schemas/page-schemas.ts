import type { ListRules } from '../../crud/query/list-rules.js';
import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import { nameOf } from './schema-registry.js';
import type { DocumentContext } from '../describe-options.js';

const COUNT: JsonSchema = { type: 'integer', minimum: 0 };
const CURSOR: JsonSchema = { type: ['string', 'null'] };

const OFFSET_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  offset: COUNT,
  page: { type: 'integer', minimum: 1, description: 'The number of the page, if the query has one.' },
  total: { ...COUNT, description: 'The total number of rows; absent if they are not counted.' },
  totalIsCapped: { type: 'boolean', const: true, description: 'The list has more rows than `total`.' },
};
const CURSOR_PROPERTIES: Readonly<Record<string, JsonSchema>> = {
  nextCursor: { ...CURSOR, description: 'The `cursor` of the next page; null on the last page.' },
  prevCursor: { ...CURSOR, description: 'The `cursor` of the previous page; null on the first page.' },
};

/** The properties of a page by the mode of its list, and those that each page has. */
const PAGES: Readonly<Record<ListRules['paging'], Pick<JsonSchema, 'properties' | 'required'>>> = {
  offset: { properties: OFFSET_PROPERTIES, required: ['offset'] },
  cursor: { properties: CURSOR_PROPERTIES, required: ['nextCursor', 'prevCursor'] },
  any: { properties: { ...OFFSET_PROPERTIES, ...CURSOR_PROPERTIES }, required: [] },
};

/**
 * Returns the schema of a list: the page of its mode, or the array. One schema, because generated types of a union
 * would need a cast for each access.
 *
 * @param row the schema of an element, which also names that of the page
 * @param qualifier the prefix of a schema name that another schema already has
 */
export function listSchema(
  row: JsonSchema,
  { format, paging }: ListRules,
  { schemas, isBasic }: DocumentContext,
  qualifier: string,
): JsonSchema {
  const items: JsonSchema = { type: 'array', items: row };
  if (format === 'array') return items;
  const { properties, required = [] } = PAGES[paging];
  return schemas.add(`${nameOf(row)}Page`, qualifier, {
    type: 'object',
    properties: { items, limit: COUNT, ...(isBasic ? withoutDescriptions(properties) : properties) },
    required: ['items', 'limit', ...required],
  });
}

function withoutDescriptions(properties: JsonSchema['properties'] = {}): JsonSchema['properties'] {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { description: _description, minimum: _minimum, ...schema }]) => [
      name,
      schema,
    ]),
  );
}
