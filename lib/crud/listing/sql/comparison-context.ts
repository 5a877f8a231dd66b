import type { SqlDialect } from '../../../orm/sql/tokenizer.js';
import type { ResourceColumn } from '../../model/resource-column.js';

/** The context of a comparison in a statement. */
export interface ComparisonContext {
  /** The column expression in the statement. */
  readonly text: string;
  readonly column: ResourceColumn;
  readonly dialect: SqlDialect;
  /** The placeholders of its values, as many as `comparisonValues` returns. */
  readonly slots: readonly string[];
}
