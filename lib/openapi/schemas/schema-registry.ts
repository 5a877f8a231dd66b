import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';

/**
 * The named schemas of a document. Each name belongs to one schema; another schema with the same name gets a longer
 * one.
 */
export class SchemaRegistry {
  /** Names that schemas did not get, because the document had others of these names. */
  readonly avoided = new Set<string>();
  private readonly schemas = new Map<string, JsonSchema | undefined>();
  private readonly classes = new Map<Function, Map<string, string>>();

  /** @param taken names of other schemas in the document */
  constructor(private readonly taken: ReadonlySet<string>) {}

  /** Returns a named schema; `{}` for an unknown name. */
  get(name: string): JsonSchema {
    return this.schemas.get(name) ?? {};
  }

  /** Returns all schemas by name. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries(
      [...this.schemas].filter((entry): entry is [string, JsonSchema] => entry[1] !== undefined),
    );
  }

  /**
   * Adds a schema under a name.
   *
   * @param name the preferred name
   * @param qualifier the prefix if another schema has the name
   * @param schema the schema, or a function that creates it from a reference to itself
   * @returns a reference to the schema
   */
  add(name: string, qualifier: string, schema: JsonSchema | ((self: JsonSchema) => JsonSchema)): JsonSchema {
    const make = typeof schema === 'function' ? schema : () => schema;
    const chosen = this.firstName(
      name,
      qualifier,
      (known, candidate) => JSON.stringify(known) === JSON.stringify(make(reference(candidate))),
    );
    this.schemas.set(chosen, make(reference(chosen)));
    return reference(chosen);
  }

  /** Returns a reference to a schema that has been added under a name; undefined if none has. */
  find(name: string, qualifier: string, schema: JsonSchema): JsonSchema | undefined {
    const text = JSON.stringify(schema);
    const found = [name, `${qualifier}${name}`].find((one) => JSON.stringify(this.schemas.get(one)) === text);
    return found === undefined ? undefined : reference(found);
  }

  /**
   * Returns a reference to the schema of a class, which is created once and may refer to itself.
   *
   * @param side distinguishes several schemas of one class
   */
  forClass(type: Function, side: string, make: () => JsonSchema): JsonSchema {
    const names = this.classes.get(type) ?? new Map<string, string>();
    this.classes.set(type, names);
    let name = names.get(side);
    if (name === undefined) {
      name = this.firstName(type.name, side, () => false);
      names.set(side, name);
      // Reserves the name before creating the schema, which may contain itself.
      this.schemas.set(name, undefined);
      this.schemas.set(name, make());
    }
    return reference(name);
  }

  private firstName(
    name: string,
    qualifier: string,
    isSame: (schema: JsonSchema | undefined, candidate: string) => boolean,
  ): string {
    const qualified = `${qualifier}${name}`;
    for (let number = 0; ; number++) {
      const candidate = number === 0 ? name : number === 1 ? qualified : `${qualified}${number}`;
      if (this.taken.has(candidate)) {
        this.avoided.add(candidate);
        continue;
      }
      if (!this.schemas.has(candidate) || isSame(this.schemas.get(candidate), candidate)) return candidate;
    }
  }
}

function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** Returns the name in a reference of {@link SchemaRegistry}. */
export function nameOf({ $ref = '' }: JsonSchema): string {
  return $ref.slice($ref.lastIndexOf('/') + 1);
}
