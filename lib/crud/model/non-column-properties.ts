import type { DataSource, EntityMetadata } from 'typeorm';

/**
 * Checks whether rows may expose properties that are not columns: set by `@AfterLoad` listeners, subscribers or the
 * class itself. Not cached, because subscribers may be added at any time.
 */
export function mayShowMore(dataSource: DataSource, metadata: EntityMetadata): boolean {
  const entities = [metadata, ...metadata.childEntityMetadatas];
  return (
    entities.some(({ afterLoadListeners }) => afterLoadListeners.length > 0) ||
    dataSource.subscribers.some((subscriber) => 'afterLoad' in subscriber) ||
    entities.some(hasInitialValues)
  );
}

/** Checks whether a new instance of the class has values of properties that are not columns. */
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
