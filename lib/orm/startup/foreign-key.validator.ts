import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { foreignKeysOf } from '../writes/foreign-keys.js';
import type { PolicyRegistry } from '../policy/policy-registry.js';

/**
 * Finds foreign keys whose stored value can differ from the given one (computed, generated, narrower type, SET
 * DEFAULT). The foreign key check would then check another row.
 *
 * @returns problems in words
 */
export function validateForeignKeys(metadata: EntityMetadata, policies: PolicyRegistry): string[] {
  const problems = foreignKeysOf(metadata, policies).flatMap(({ columns, target }) =>
    columns.flatMap(({ own, referenced }) => {
      // In single-table inheritance, a column belongs to the parent entity, for all child entities.
      const name = `${own.entityMetadata.name}.${own.propertyPath}`;
      if (own.asExpression !== undefined)
        return [`${name} references ${target.name}, but is a generated column. Make it an ordinary column.`];
      if (own.isGenerated && own.generationStrategy === 'increment')
        return [`${name} references ${target.name}, but is an auto-increment column. Make it an ordinary column.`];
      return losesPrecision(own, referenced, policies)
        ? [
            `${name} (${typeOf(own, policies)}) is narrower than the column it references, ${target.name}.${referenced.propertyPath} (${typeOf(referenced, policies)}). Use the same type.`,
          ]
        : [];
    }),
  );
  const defaults = metadata.foreignKeys
    .filter(({ onDelete, onUpdate }) => [onDelete, onUpdate].some((rule) => /DEFAULT/i.test(String(rule))))
    .filter(({ referencedEntityMetadata }) =>
      foreignKeysOf(metadata, policies).some(({ target }) => target === referencedEntityMetadata),
    )
    .map(
      ({ columns }) =>
        `${metadata.name}.${columns[0].propertyPath} has onDelete or onUpdate 'SET DEFAULT', and the default may reference another tenant's row. Use 'SET NULL', 'CASCADE' or 'RESTRICT'.`,
    );
  return [...problems, ...defaults];
}

/** Returns a column's type for messages, e.g. `varchar(10)`. */
function typeOf(column: ColumnMetadata, { driver }: PolicyRegistry): string {
  const { precision, scale } = column;
  const size = driver.getColumnLength(column) || [precision, scale].filter(Number.isInteger).join(',');
  return `${driver.normalizeType(column)}${size === '' ? '' : `(${size})`}`;
}

const TEXTS = /char|text/i;
const DECIMALS = /dec|numeric|fixed/i;

/**
 * Returns true if the database changes a key when it stores it: it truncates texts, rounds decimals, or converts texts
 * to numbers.
 */
function losesPrecision(own: ColumnMetadata, referenced: ColumnMetadata, { driver }: PolicyRegistry): boolean {
  const [type, other] = [own, referenced].map((column) => driver.normalizeType(column));
  if (TEXTS.test(other) && !TEXTS.test(type) && /int|serial|real|float|double/i.test(type)) return true;
  // SQLite does not truncate texts, whatever their declared length.
  if (TEXTS.test(type) && TEXTS.test(other)) {
    if (driver.options.type !== 'postgres' && !['mysql', 'mariadb'].includes(driver.options.type)) return false;
    const [length, otherLength] = [own, referenced].map((column) => Number(driver.getColumnLength(column)) || Infinity);
    return length < otherLength;
  }
  return DECIMALS.test(other) && /int|dec|numeric|fixed/i.test(type) && (own.scale ?? 0) < (referenced.scale ?? 0);
}
