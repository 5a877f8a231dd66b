import {
  MAX_CURSOR_LENGTH,
  MAX_FILTERS_LENGTH,
  MAX_OFFSET,
  MAX_SEARCH_LENGTH,
  MAX_SORT_KEYS,
} from '../crud/query/list-rules.js';
import type { QueryField } from '../crud/query/query-field.js';
import type { ListRules, NamedFields } from '../crud/query/list-rules.js';
import { operatorsOfField } from '../crud/query/operators.js';
import type { Operator } from '../crud/options/filter-operators.js';
import { MAX_INCLUDES } from '../crud/query/projection-parser.js';
import type { ProjectionRules } from '../crud/query/projection-rules.js';
import type { ColumnType } from '../crud/column-types/column-type.js';
import type { JsonSchema } from '../crud/column-types/json-schema.types.js';
import type { ParameterObject } from './openapi.types.js';
import { COMPARISONS, operandParameterSchema, operandSchema } from './schemas/operand-schemas.js';

/**
 * Returns the query parameters of a list: those that `parseListQuery` accepts.
 *
 * @param filters a reference to the schema of {@link filtersSchema}; undefined to describe only the basic parameters
 */
export function listParameters(rules: ListRules, filters: JsonSchema | undefined): ParameterObject[] {
  const isBasic = filters === undefined;
  return [
    ...pageParameters(rules),
    ...rowParameters(rules.rows, isBasic),
    ...(rules.sort.size > 0 ? [isBasic ? BASIC_SORT_PARAMETER : sortParameter(rules)] : []),
    ...(rules.search.length > 0 ? [searchParameter(rules)] : []),
    ...(rules.filter.size > 0 ? [filtersParameter(rules.filter, filters)] : []),
    ...(isBasic ? basicFilterParameters(rules.filter) : filterParameters(rules.filter)),
  ];
}

/** Returns the schema of the parameter `filters`: comparisons that are ANDed, and groups of them. */
export function filtersSchema({ filter }: ListRules, self: JsonSchema): JsonSchema {
  const groups: JsonSchema = { type: 'array', items: self, minItems: 1 };
  const comparisons = comparisonsOf(filter).map(({ key, type, operator }): [string, JsonSchema] => [
    key,
    operandSchema(type, operator),
  ]);
  return {
    type: 'object',
    properties: { ...Object.fromEntries(comparisons), $and: groups, $or: groups, $not: self },
    additionalProperties: false,
  };
}

const FIELDS =
  'The only fields of the rows in the response, besides included relations. The other properties are then missing, even if the schema requires them.';

/** Returns the query parameters of the projection; without `fields` if the document is basic. */
export function rowParameters({ include, fields }: ProjectionRules, isBasic: boolean): ParameterObject[] {
  const oneOf = (names: Iterable<string>): JsonSchema => ({
    type: 'array',
    items: { type: 'string', enum: [...names] },
    minItems: 1,
    uniqueItems: true,
  });
  return [
    ...(include.size > 0
      ? [listOf('include', 'Relations to include.', { ...oneOf(include), maxItems: MAX_INCLUDES })]
      : []),
    ...(fields.size > 0 && !isBasic ? [listOf('fields', FIELDS, oneOf(fields.keys()))] : []),
  ];
}

/**
 * The parameters of paging. An array is described whole, because these would turn it into a page. The cursor comes
 * first: generators of infinite queries take the first parameter that they know.
 */
function pageParameters(rules: ListRules): ParameterObject[] {
  const { format, count, deleted, paging } = rules;
  const isPage = format === 'page';
  return [
    ...(isPage && paging !== 'offset' ? [CURSOR_PARAMETER] : []),
    ...(isPage ? [limitParameter(rules)] : []),
    ...(isPage && paging !== 'cursor' ? offsetParameters(rules) : []),
    ...(paging !== 'cursor'
      ? [
          query('count', 'How the whole list is counted: exactly, not at all, or up to a bound.', {
            type: 'string',
            enum: ['exact', 'none', 'capped'],
            default: count,
          }),
        ]
      : []),
    ...(deleted
      ? [
          query('deleted', 'Soft-deleted rows: include them, or return only them.', {
            type: 'string',
            enum: ['include', 'only'],
          }),
        ]
      : []),
  ];
}

const CURSOR_PARAMETER = query(
  'cursor',
  'The start of the page: `nextCursor` or `prevCursor` of another page; empty for the first page.',
  { type: 'string', maxLength: MAX_CURSOR_LENGTH },
);

function limitParameter({ limit, paging }: ListRules): ParameterObject {
  const isCounted = paging !== 'cursor';
  const description = `The maximum number of rows of the page${isCounted ? '; 0 returns only the total' : ''}.`;
  return query('limit', description, {
    type: 'integer',
    minimum: isCounted ? 0 : 1,
    maximum: limit.max,
    default: limit.default,
  });
}

function offsetParameters({ filter, paging }: ListRules): ParameterObject[] {
  const exclusion = paging === 'any' ? ' Not with `cursor`.' : '';
  return [
    query('offset', `The number of rows to skip.${exclusion}`, { type: 'integer', minimum: 0, maximum: MAX_OFFSET }),
    ...(filter.has('page')
      ? []
      : [
          query('page', `The number of the page, from 1, in place of \`offset\`.${exclusion}`, {
            type: 'integer',
            minimum: 1,
            maximum: MAX_OFFSET,
          }),
        ]),
  ];
}

const SORT = 'Columns to sort by, in order of priority. A leading minus sorts descending.';

/** The same for each resource, without the names of its columns. */
const BASIC_SORT_PARAMETER = listOf('sort', SORT, {
  type: 'array',
  items: { type: 'string' },
  maxItems: MAX_SORT_KEYS,
});

function sortParameter({ sort, defaultSort }: ListRules): ParameterObject {
  const names = [...sort.keys()];
  const order = defaultSort.map(({ property, direction }) => (direction === 'desc' ? `-${property}` : property));
  const description = [
    SORT,
    ...(order.length > 0 ? [`By default ${order.map((term) => `\`${term}\``).join(', ')}.`] : []),
  ].join(' ');
  return listOf('sort', description, {
    type: 'array',
    items: { type: 'string', enum: names.flatMap((name) => [name, `-${name}`]) },
    minItems: 1,
    maxItems: MAX_SORT_KEYS,
    uniqueItems: true,
  });
}

function searchParameter({ search }: ListRules): ParameterObject {
  const names = search.map(({ path }) => path).join(' or ');
  return query('search', `Text that ${names} contains, ignoring case.`, {
    type: 'string',
    maxLength: MAX_SEARCH_LENGTH,
  });
}

/** A text, because generators have no parameter that is a document of its own. */
function filtersParameter(fields: NamedFields, filters: JsonSchema | undefined): ParameterObject {
  const example = filtersExample(fields);
  return {
    ...query('filters', 'Comparisons in JSON, combined by AND; $or, $and and $not group them.', {
      type: 'string',
      maxLength: MAX_FILTERS_LENGTH,
      contentMediaType: 'application/json',
      ...(filters !== undefined && { contentSchema: filters }),
    }),
    ...(example !== undefined && { example: JSON.stringify(example) }),
  };
}

/** Returns a filter by a column with few values, otherwise by one that is not null. */
function filtersExample(fields: NamedFields): Readonly<Record<string, unknown>> | undefined {
  const all = comparisonsOf(fields);
  const byValue = all.find(({ type, operator }) => operator === 'eq' && hasFewValues(type));
  if (byValue !== undefined) return { [byValue.key]: byValue.type.schema.enum?.[0] ?? true };
  const byNull = all.find(({ operator }) => operator === 'is_null');
  return byNull && { [byNull.key]: false };
}

function hasFewValues({ schema }: ColumnType): boolean {
  return schema.enum !== undefined || schema.type === 'boolean';
}

/**
 * Returns a parameter for the equality of each column of which clients ask for certain values: keys, flags, enums and
 * texts with a maximum length.
 */
function basicFilterParameters(fields: NamedFields): ParameterObject[] {
  return comparisonsOf(fields)
    .filter(({ operator, path }) => operator === 'eq' && isBasicField(fields.get(path)!))
    .map(({ key, type }) => ({ name: key, in: 'query', schema: operandParameterSchema(type, 'eq') }));
}

function isBasicField({ column: { type, metadata } }: QueryField): boolean {
  const { type: json, maxLength } = type.schema;
  if (hasFewValues(type) || metadata.isPrimary || metadata.relationMetadata !== undefined) return true;
  return json === 'string' && maxLength !== undefined && maxLength <= MAX_BASIC_LENGTH;
}

/** Maximum length of the texts that a basic document describes the equality of, in characters. */
const MAX_BASIC_LENGTH = 64;

/** Returns a parameter for each comparison of each column. */
function filterParameters(fields: NamedFields): ParameterObject[] {
  return comparisonsOf(fields).flatMap(({ key, path, type, operator }) => {
    if (!isSaidByText(type, operator)) return [];
    const schema = operandParameterSchema(type, operator);
    const description = COMPARISONS[operator](path);
    return [
      {
        ...query(key, description, schema),
        ...(schema.type === 'array' && ({ style: 'form', explode: true } as const)),
      },
    ];
  });
}

interface NamedComparison {
  readonly key: string;
  readonly path: string;
  readonly type: ColumnType;
  readonly operator: Operator;
}

/** If a key is also the name of a column, it means that column. */
function comparisonsOf(fields: NamedFields): NamedComparison[] {
  return [...fields].flatMap(([path, field]) =>
    operatorsOfField(field)
      .map((operator) => ({
        key: operator === 'eq' ? path : `${path}__${operator}`,
        path,
        type: field.column.type,
        operator,
      }))
      .filter(({ key }) => key === path || !fields.has(key)),
  );
}

function isSaidByText(type: ColumnType, operator: Operator): boolean {
  return operator === 'is_null' || (type.element ?? type).fromText !== undefined;
}

function query(name: string, description: string, schema: JsonSchema): ParameterObject {
  return { name, in: 'query', description, schema };
}

/** Creates a parameter whose values are separated by commas. */
function listOf(name: string, description: string, schema: JsonSchema): ParameterObject {
  return { ...query(name, description, schema), style: 'form', explode: false };
}
