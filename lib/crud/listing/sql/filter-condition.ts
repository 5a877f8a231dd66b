import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { RelationMetadata } from '../../../common/peer-internals.js';
import { dialectOf } from '../../../orm/policy/dialect.js';
import { comparisonCacheKey, comparisonSql, comparisonValues } from './comparison.js';
import { comparisonsOf } from '../../query/filter-ast.js';
import type { Comparison, Filter } from '../../query/filter-ast.js';
import { tellsRelatedRow } from '../../query/query-field.js';
import type { SqlDialect } from '../../../orm/sql/tokenizer.js';

type Select = SelectQueryBuilder<ObjectLiteral>;

/** Returns the parts of a filter that change the statement's text, i.e. all but the values. */
export function filterCacheKey(filter: Filter, dialect: SqlDialect): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${filter.parts.map((part) => filterCacheKey(part, dialect)).join(filter.kind === 'and' ? '&' : '|')})`;
    case 'not':
      return `!${filterCacheKey(filter.part, dialect)}`;
    case 'comparison':
      return comparisonCacheKey(filter, dialect);
  }
}

/** Returns the parameters of a filter, by name. */
export function filterValues(filter: Filter, dialect: SqlDialect): Record<string, unknown> {
  return Object.fromEntries(
    comparisonsOf(filter).flatMap((comparison, i) =>
      comparisonValues(comparison, dialect).map((value, j) => [slotName(i, j), value]),
    ),
  );
}

/** Adds a filter to a select, with parameters for its values. */
export function applyFilter(select: Select, alias: string, filter: Filter): void {
  const text = new FilterText(select, comparisonsOf(filter)).of(filter, alias);
  if (text !== '') select.andWhere(text);
}

function slotName(comparison: number, value: number): string {
  return `f${comparison}_${value}`;
}

/** Builds the SQL of one filter in one select. */
class FilterText {
  private readonly dialect: SqlDialect;

  constructor(
    private readonly select: Select,
    private readonly comparisons: readonly Comparison[],
  ) {
    this.dialect = dialectOf(select.dataSource);
  }

  /** @returns an empty string for an empty filter */
  of(filter: Filter, alias: string): string {
    switch (filter.kind) {
      case 'and': {
        const parts = filter.parts.map((part) => this.of(part, alias)).filter((text) => text !== '');
        return parts.length < 2 ? (parts[0] ?? '') : `(${parts.join(' AND ')})`;
      }
      case 'or': {
        const parts = filter.parts.map((part) => this.of(part, alias));
        return parts.includes('') ? '' : `(${parts.join(' OR ')})`;
      }
      case 'not': {
        // A comparison with NULL is unknown in SQL. IS NOT TRUE treats it as false, so `not` is the exact complement.
        const part = this.of(filter.part, alias);
        return part === '' ? '1 = 0' : `((${part}) IS NOT TRUE)`;
      }
      case 'comparison':
        return this.comparison(filter, alias);
    }
  }

  private comparison(comparison: Comparison, alias: string): string {
    const index = this.comparisons.indexOf(comparison);
    const { relations, column } = comparison.field;
    if (comparison.operator === 'is_null' && tellsRelatedRow(comparison.field)) {
      const exists = existsSql(this.select, relations, alias, `r${index}`);
      return comparison.operand === true ? `NOT ${exists}` : exists;
    }
    const write = (holder: string): string =>
      comparisonSql(comparison, {
        text: `${holder}.${column.metadata.propertyPath}`,
        column,
        dialect: this.dialect,
        slots: comparisonValues(comparison, this.dialect).map((_, i) => `:${slotName(index, i)}`),
      });
    return relations.length === 0 ? write(alias) : existsSql(this.select, relations, alias, `r${index}`, write);
  }
}

/**
 * Returns an EXISTS condition for a related row. Unlike a join, a subquery neither filters included rows nor
 * multiplies the rows of the list. The scope applies to each of its tables.
 *
 * The aliases in the subquery begin with `prefix`. `write` returns the condition on the related row, given its alias;
 * without it, any related row matches.
 */
export function existsSql(
  select: Select,
  [first, ...further]: readonly RelationMetadata[],
  alias: string,
  prefix: string,
  write?: (holder: string) => string,
): string {
  const related = select.subQuery().select('1');
  let holder = `${prefix}_0`;
  related.from(first.inverseEntityMetadata.target, holder);
  if (first.junctionEntityMetadata === undefined) {
    related.where(linkSql(first, alias, holder));
  } else {
    const junction = `${prefix}_j`;
    related.innerJoin(first.junctionEntityMetadata.tableName, junction, junctionSql(first, junction, holder, 'far'));
    related.where(junctionSql(first, junction, alias, 'near'));
  }
  further.forEach((relation, i) => {
    const next = `${prefix}_${i + 1}`;
    related.innerJoin(`${holder}.${relation.propertyPath}`, next);
    holder = next;
  });
  if (write !== undefined) related.andWhere(write(holder));
  return `EXISTS ${related.getQuery()}`;
}

/** Returns the join condition of a relation without a junction table. */
function linkSql(relation: RelationMetadata, owner: string, related: string): string {
  const isOwning = relation.isOwning;
  const columns = isOwning ? relation.joinColumns : relation.inverseRelation!.joinColumns;
  const [holding, referenced] = isOwning ? [owner, related] : [related, owner];
  return columns
    .map((column) => `${holding}.${column.propertyPath} = ${referenced}.${column.referencedColumn!.propertyPath}`)
    .join(' AND ');
}

/** Returns the join condition between a row and the junction table. */
function junctionSql(relation: RelationMetadata, junction: string, row: string, side: 'near' | 'far'): string {
  const { ownerColumns, inverseColumns } = relation.junctionEntityMetadata!;
  const columns = relation.isOwning === (side === 'near') ? ownerColumns : inverseColumns;
  return columns
    .map((column) => `${junction}.${column.propertyPath} = ${row}.${column.referencedColumn!.propertyPath}`)
    .join(' AND ');
}
