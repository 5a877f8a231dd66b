import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { isReference } from '../policy/declared-foreign-keys.js';
import { assertSingleExpression } from '../sql/fragment-validator.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/**
 * Copies the written values and reads each one once: a getter may return another value the second time, and the checked
 * value must be the written one. SQL expressions are evaluated and checked here.
 */
export class WriteSnapshot {
  constructor(
    private readonly metadata: EntityMetadata,
    private readonly dialect: SqlDialect,
  ) {}

  /** Copies the values of the columns that an inserted row sets. */
  forInsert(valueSet: ObjectLiteral): ObjectLiteral {
    const copy: ObjectLiteral = {};
    for (const column of this.metadata.columns) {
      const value: unknown = column.getEntityValue(valueSet);
      if (value !== undefined) merge(copy, this.valueMap(column, this.detachKey(column, value)));
    }
    return copy;
  }

  /**
   * Copies the properties that an update sets. Unknown ones are copied too, because TypeORM refuses them. Undefined
   * ones are left out: TypeORM skips undefined properties, but writes NULL for those of an embedded object. Class
   * fields without a value are undefined.
   */
  forUpdate(values: ObjectLiteral, prefix = ''): ObjectLiteral {
    const copy: ObjectLiteral = {};
    for (const key in values) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const value: unknown = values[key];
      if (value !== undefined) copy[key] = this.property(path, value);
    }
    return copy;
  }

  private property(path: string, value: unknown): unknown {
    if (typeof value === 'function') return this.expression(value as () => string);
    if (typeof value !== 'object' || value === null) return value;
    if (this.metadata.hasEmbeddedWithPropertyPath(path)) return this.forUpdate(value, path);
    const column = this.metadata.findColumnWithPropertyPathStrict(path);
    if (column !== undefined && column.relationMetadata?.propertyPath !== path) return this.detachKey(column, value);
    const relation = this.metadata.findRelationWithPropertyPath(path);
    if (relation === undefined || relation.joinColumns.length === 0) return value;
    const key: ObjectLiteral = {};
    for (const { referencedColumn } of relation.joinColumns) {
      const part: unknown = referencedColumn!.getEntityValue(value);
      if (part !== undefined) merge(key, referencedColumn!.createValueMap(part));
    }
    return key;
  }

  /**
   * Copies the value of a foreign key column. It is read twice, for the check and for the write, and an object may
   * change in between.
   */
  private detachKey(column: ColumnMetadata, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (!isReference(this.metadata, column)) return value;
    // Copies, so that the checked value is the written one.
    if (value instanceof Date) return new Date(value);
    if (value instanceof Uint8Array) return Buffer.from(value);
    // ResolvedKeyValues calls the transformer once.
    if (column.transformer !== undefined) return value;
    const key: unknown = column.referencedColumn?.getEntityValue(value);
    if (key !== undefined && (typeof key !== 'object' || key instanceof Date || ArrayBuffer.isView(key))) return key;
    throw new StatementRefusedError(
      `${this.metadata.name}.${column.propertyPath} is set to an object without a key`,
      'Set it to an entity or a key.',
    );
  }

  private valueMap(column: ColumnMetadata, value: unknown): ObjectLiteral {
    if (typeof value === 'function') return column.createValueMap(this.expression(value as () => string));
    const { relationMetadata, referencedColumn } = column;
    if (referencedColumn === undefined) return column.createValueMap(value);
    // TypeORM expects an object for a column of a closure table.
    if (relationMetadata === undefined) return column.createValueMap(referencedColumn.createValueMap(value));
    // Junction columns carry the metadata of the many-to-many relation, but are properties of their own.
    if (relationMetadata.isManyToMany) return column.createValueMap(value);
    // A composite foreign key may be one property, an object with a value per column. If one of its columns is virtual,
    // TypeORM reads all columns from that object.
    const part =
      relationMetadata.joinColumns.length > 1 && relationMetadata.joinColumns.find(({ isVirtual }) => isVirtual);
    if (!part) return column.createValueMap(value);
    return part.createValueMap(referencedColumn.createValueMap(value));
  }

  private expression(evaluate: () => string): () => string {
    const text = assertSingleExpression(String(evaluate()), this.dialect, 'an SQL expression');
    return () => text;
  }
}

/** Merges embedded objects and composite keys recursively; any other value replaces the present one. */
function merge(target: ObjectLiteral, source: ObjectLiteral): void {
  for (const [key, value] of Object.entries(source) as [string, unknown][]) {
    const present: unknown = target[key];
    if (isPlain(present) && isPlain(value)) merge(present, value);
    else target[key] = value;
  }
}

function isPlain(value: unknown): value is ObjectLiteral {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
