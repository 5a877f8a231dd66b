import type { JsonSchema } from '../../crud/column-types/json-schema.types.js';
import { enumSchema, membersOf } from '../../crud/column-types/enum-schema.js';
import { swaggerPropertiesOf } from './swagger-properties.js';

/** The names of enums, by their values. */
export class EnumNames {
  private readonly names = new Map<string, string>();
  private readonly scanned = new Set<Function>();

  /** @param named arrays of values, or TypeScript enums, by name */
  constructor(named: Readonly<Record<string, object>>) {
    for (const [name, values] of Object.entries(named)) this.add(name, membersOf(values));
  }

  /** Adds the names that `@ApiProperty({ enumName })` gives on the properties of a class. */
  scan(type: Function): void {
    if (this.scanned.has(type)) return;
    this.scanned.add(type);
    for (const { enumName, enum: values, items } of swaggerPropertiesOf(type).values()) {
      if (enumName !== undefined) this.add(enumName, membersOf(values ?? items?.enum ?? []));
    }
  }

  /**
   * Replaces each named enum in a part of the document by a reference.
   *
   * @param part schemas, or objects that contain schemas
   * @param known receives the schemas of the enums that are referred to
   */
  replaceIn<P>(part: P, known: Map<string, JsonSchema>): P {
    return this.names.size === 0 ? part : (this.replaced(part, known) as P);
  }

  private add(name: string, values: readonly unknown[]): void {
    const key = keyOf(values);
    if (values.length > 0 && !this.names.has(key)) this.names.set(key, name);
  }

  private replaced(part: unknown, known: Map<string, JsonSchema>): unknown {
    if (Array.isArray(part)) return part.map((one) => this.replaced(one, known));
    if (typeof part !== 'object' || part === null) return part;
    const { enum: values } = part as JsonSchema;
    const name = Array.isArray(values) ? this.names.get(keyOf(values)) : undefined;
    if (name !== undefined) return this.reference(name, part as JsonSchema & { enum: readonly unknown[] }, known);
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, this.replaced(value, known)]));
  }

  private reference(
    name: string,
    { enum: values, type: _type, ...rest }: JsonSchema & { enum: readonly unknown[] },
    known: Map<string, JsonSchema>,
  ): JsonSchema {
    known.set(name, enumSchema(values.filter((value) => value !== null)));
    const $ref = `#/components/schemas/${name}`;
    return values.includes(null) ? { ...rest, anyOf: [{ $ref }, { type: 'null' }] } : { $ref, ...rest };
  }
}

function keyOf(values: readonly unknown[]): string {
  return JSON.stringify(values.filter((value) => value !== null));
}
