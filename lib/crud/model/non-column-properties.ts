import type { DataSource, EntityMetadata } from 'typeorm';

/**
 * Whether rows of an entity may show properties that are no columns: `@AfterLoad` listeners, subscribers or the class itself may set some. Asked
 * of the DataSource as it is now, since subscribers may be added at any time.
 */
export function mayShowMore(dataSource: DataSource, metadata: EntityMetadata): boolean {
  const entities = [metadata, ...metadata.childEntityMetadatas];
  return (
    entities.some(({ afterLoadListeners }) => afterLoadListeners.length > 0) ||
    dataSource.subscribers.some((subscriber) => 'afterLoad' in subscriber) ||
    entities.some(hasInitialValues)
  );
}

/** Whether the class gives a new object values of properties that are no columns. */
function hasInitialValues(metadata: EntityMetadata): boolean {
  try {
    const row = metadata.create(undefined, { fromDeserializer: true }) as Readonly<Record<string, unknown>>;
    return Object.keys(row).some(
      (name) => row[name] !== undefined && metadata.findColumnsWithPropertyPath(name).length === 0,
    );
  } catch {
    return false;
  }
}
