import type { JsonSchema } from '../../crud/column-types/json-schema.js';

/**
 * The schemas of a document that have a name. A name means one schema: another one that would have the same name gets a
 * longer one.
 */
export class NamedSchemas {
  private readonly schemas = new Map<string, JsonSchema | undefined>();
  private readonly classes = new Map<Function, Map<string, string>>();

  /** @param taken names that are somebody else's */
  constructor(private readonly taken: ReadonlySet<string>) {}

  /** A schema that has been given a name. */
  get(name: string): JsonSchema {
    return this.schemas.get(name) ?? {};
  }

  /** The schemas by their names. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries(
      [...this.schemas].filter((entry): entry is [string, JsonSchema] => entry[1] !== undefined),
    );
  }

  /**
   * Gives a schema a name.
   *
   * @param name the name that it should have
   * @param qualifier what stands before the name where it means another schema already
   * @param schema it, or what makes it of a reference to itself
   * @returns a reference to it
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

  /**
   * The schema of a class, made once; it may refer to itself.
   *
   * @param side what tells several schemas of one class apart
   */
  ofClass(type: Function, side: string, make: () => JsonSchema): JsonSchema {
    const names = this.classes.get(type) ?? new Map<string, string>();
    this.classes.set(type, names);
    let name = names.get(side);
    if (name === undefined) {
      name = this.firstName(type.name, side, () => false);
      names.set(side, name);
      // The name is taken before the schema is there: it may contain itself.
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
      if (this.taken.has(candidate)) continue;
      if (!this.schemas.has(candidate) || isSame(this.schemas.get(candidate), candidate)) return candidate;
    }
  }
}

function reference(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The name behind a reference that {@link NamedSchemas} has given. */
export function nameOf({ $ref = '' }: JsonSchema): string {
  return $ref.slice($ref.lastIndexOf('/') + 1);
}
