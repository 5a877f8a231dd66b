import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { StatementRefusedError } from '../../errors/statement-refused.error.js';
import { isReference } from '../policy/declared-foreign-keys.js';
import { assertSingleExpression } from '../sql/fragment-validator.js';
import type { SqlDialect } from '../sql/tokenizer.js';

/**
 * Copies what is written, each value read once: a property with a getter may answer differently when it is read again, and what was checked must be
 * what is written. SQL expressions are evaluated and checked here.
 */
export class WriteSnapshot {
  constructor(
    private readonly metadata: EntityMetadata,
    private readonly dialect: SqlDialect,
  ) {}

  /** The columns that a row to insert gives a value. */
  forInsert(valueSet: ObjectLiteral): ObjectLiteral {
    const copy: ObjectLiteral = {};
    for (const column of this.metadata.columns) {
      const value: unknown = column.getEntityValue(valueSet);
      if (value !== undefined) merge(copy, this.valueMap(column, this.detachKey(column, value)));
    }
    return copy;
  }

  /**
   * The properties that an update sets, unknown ones too: TypeORM refuses those. TypeORM skips a property that is
   * undefined, but would write NULL for one of an embedded object, and a class declares properties that have no value.
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

  /** A reference is looked up and written: an object may be one thing first and another one then. */
  private detachKey(column: ColumnMetadata, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (!isReference(this.metadata, column)) return value;
    // Copies: what is looked up must be what is written.
    if (value instanceof Date) return new Date(value);
    if (value instanceof Uint8Array) return Buffer.from(value);
    // A transformer makes a key of it, once.
    if (column.transformer !== undefined) return value;
    const key: unknown = column.referencedColumn?.getEntityValue(value);
    if (key !== undefined && (typeof key !== 'object' || key instanceof Date || ArrayBuffer.isView(key))) return key;
    throw new StatementRefusedError(
      `${this.metadata.name}.${column.propertyPath} is given as an object that is no row`,
      'Give the key of a row.',
    );
  }

  private valueMap(column: ColumnMetadata, value: unknown): ObjectLiteral {
    if (typeof value === 'function') return column.createValueMap(this.expression(value as () => string));
    const { relationMetadata, referencedColumn } = column;
    if (referencedColumn === undefined) return column.createValueMap(value);
    // TypeORM reads an object from a column of a closure table.
    if (relationMetadata === undefined) return column.createValueMap(referencedColumn.createValueMap(value));
    // The columns of a junction table have the relation that they link, and are properties of their own.
    if (relationMetadata.isManyToMany) return column.createValueMap(value);
    // A key of several columns is one property, an object with a part for each. Where there is one, TypeORM reads all its parts from it.
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

/** Puts the parts of embedded objects and of keys of several columns together; values stay what they are. */
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
