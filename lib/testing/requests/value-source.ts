import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from '../../common/peer-internals.js';
import { LINKED_ID } from '../../crud/routing/link-routes.js';
import type { ApplicationRoute } from '../routes/application-route.js';

/** Where the values of a parameter come from: columns of an entity's rows, or the tenant itself. */
export type ValueSource =
  | { readonly kind: 'columns'; readonly metadata: EntityMetadata; readonly columns: readonly ColumnMetadata[] }
  | { readonly kind: 'scope'; readonly key: string };

const KEY_SUFFIX = /(?:_?ids?|_?uuids?|_?keys?|_?refs?)$/i;

/** Finds out which rows a parameter names, from its name, the path and the entities of the application. */
export class ValueSources {
  constructor(
    private readonly entities: readonly EntityMetadata[],
    private readonly scopeKeys: readonly string[],
  ) {}

  /** Returns the source of a path parameter; undefined if its name tells nothing. */
  ofPathParameter(route: ApplicationRoute, name: string): ValueSource | undefined {
    const { crud } = route;
    if (crud !== undefined) {
      const { resource, relation } = crud;
      const level = resource.parents?.levels.find(({ param }) => param === name);
      if (level !== undefined) return columnsOf(level.relation.inverseEntityMetadata, level.id.columns);
      const link = relation === undefined ? undefined : resource.linkEnds.get(relation)?.target;
      if (name === LINKED_ID && link !== undefined) return primaryKeyOf(link);
      if (name === 'id') return columnsOf(resource.metadata, resource.id.columns);
    }
    return this.ofName(name, route, segmentBefore(route.path, name));
  }

  /** Returns the source of a query parameter or a property of a body; undefined if its name tells nothing. */
  ofName(name: string, route: ApplicationRoute, near = ''): ValueSource | undefined {
    const scopeKey = this.scopeKeys.find((key) => isAlike(key, name));
    if (scopeKey !== undefined) return { kind: 'scope', key: scopeKey };
    const around =
      this.entityNamed(near) ?? route.entity ?? this.entityNamed(route.controller.name.replace(/Controller$/, ''));
    const stem = name.replace(KEY_SUFFIX, '');
    if (stem === '') return around && primaryKeyOf(around);
    const referenced = this.referencedBy(around, name, stem);
    if (referenced !== undefined) return primaryKeyOf(referenced);
    const column = around?.columns.find(({ propertyName }) => isAlike(propertyName, name));
    if (column !== undefined) return { kind: 'columns', metadata: around!, columns: [column] };
    const named = this.entityNamed(stem);
    if (named !== undefined) return primaryKeyOf(named);
    const tenant = this.scopeKeys.find((key) => isAlike(key.replace(KEY_SUFFIX, ''), stem));
    return tenant === undefined ? this.columnNamed(name) : { kind: 'scope', key: tenant };
  }

  /** Returns a column of this name of any entity. */
  private columnNamed(name: string): ValueSource | undefined {
    for (const metadata of this.entities) {
      const column = metadata.columns.find(({ propertyName, isPrimary }) => !isPrimary && isAlike(propertyName, name));
      if (column !== undefined) return { kind: 'columns', metadata, columns: [column] };
    }
    return undefined;
  }

  /** Returns the entity that a foreign key or relation of this name references. */
  private referencedBy(around: EntityMetadata | undefined, name: string, stem: string): EntityMetadata | undefined {
    const first = around === undefined ? [] : [around];
    for (const { relations } of [...first, ...this.entities]) {
      const found = relations.find(
        ({ propertyName, joinColumns }) =>
          isAlike(propertyName, stem) || joinColumns.some((column) => isAlike(column.propertyName, name)),
      );
      if (found !== undefined && !isAlike(stem, around?.name ?? '')) return found.inverseEntityMetadata;
    }
    return undefined;
  }

  /** Returns the entity whose name is, or ends with, a word in singular or plural, or with which the word ends. */
  private entityNamed(word: string): EntityMetadata | undefined {
    const wanted = plain(word);
    if (wanted === '') return undefined;
    const forms = [wanted, wanted.replace(/ies$/, 'y'), wanted.replace(/es$/, ''), wanted.replace(/s$/, '')];
    const names = this.entities.map((metadata) => [plain(metadata.name), metadata] as const);
    const find = (test: (name: string, form: string) => boolean): EntityMetadata | undefined =>
      names.find(([name]) => forms.some((form) => form.length > 2 && test(name, form)))?.[1];
    return (
      find((name, form) => name === form) ??
      find((name, form) => name.endsWith(form)) ??
      find((name, form) => name.length > 2 && form.endsWith(name))
    );
  }
}

/** Returns the primary key of an entity as the source of a value. */
export function primaryKeyOf(metadata: EntityMetadata): ValueSource {
  return { kind: 'columns', metadata, columns: metadata.primaryColumns };
}

function columnsOf(metadata: EntityMetadata, columns: readonly { readonly metadata: ColumnMetadata }[]): ValueSource {
  return { kind: 'columns', metadata, columns: columns.map((column) => column.metadata) };
}

function segmentBefore(path: string, parameter: string): string {
  const segments = path.split('/');
  const index = segments.findIndex((segment) => segment.replace(/^[:*]/, '').startsWith(parameter));
  const before = segments[index - 1] ?? '';
  return /^[:*]/.test(before) ? '' : before;
}

function isAlike(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}
