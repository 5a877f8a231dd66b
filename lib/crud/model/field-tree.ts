import type { ResourceColumn } from './resource-column.js';

/** The fields of a JSON object: columns, and embedded objects with their own fields. */
export type FieldTree = ReadonlyMap<string, ResourceColumn | FieldTree>;

/** Nests columns as in JSON. */
export function buildFieldTree(columns: readonly ResourceColumn[]): FieldTree {
  const root = new Map<string, ResourceColumn | FieldTree>();
  for (const column of columns) {
    const path = column.property.split('.');
    const name = path.pop()!;
    let fields = root;
    for (const part of path) {
      const embedded =
        (fields.get(part) as Map<string, ResourceColumn | FieldTree> | undefined) ??
        new Map<string, ResourceColumn | FieldTree>();
      fields.set(part, embedded);
      fields = embedded;
    }
    fields.set(name, column);
  }
  return root;
}

/** Returns true for a column, false for an embedded object. */
export function isColumn(field: ResourceColumn | FieldTree): field is ResourceColumn {
  return !(field instanceof Map);
}

/** Iterates over all columns, including those of embedded objects. */
export function* columnsIn(fields: FieldTree): Generator<ResourceColumn> {
  for (const field of fields.values()) {
    if (isColumn(field)) yield field;
    else yield* columnsIn(field);
  }
}
