import { TransformationType } from 'class-transformer';
import type { ExposeMetadata, TransformMetadata, TypeMetadata } from 'class-transformer';
import { defaultMetadataStorage as storage } from '../../common/peer-internals.js';
import { RESERVED_KEYS } from '../model/reserved-keys.js';

/** The direction of a conversion: `out` of an instance to JSON, or `in` to an instance of a class. */
export type Direction = 'in' | 'out';

/** What the decorators of class-transformer say of one property. */
export interface PlannedProperty {
  /** Its name in the class. */
  readonly own: string;
  /** Its name in the result: that in the class, or the JSON key. */
  readonly target: string;
  /** Its `@Type()`. */
  readonly type: TypeMetadata | undefined;
  /** Its `@Transform()`s, in the order in which they run. */
  readonly transforms: readonly TransformMetadata[];
  /** True if no decorator changes its values. */
  readonly isUnchanged: boolean;
}

/** Maximum number of properties that a plan remembers: objects in JSON columns may have any keys. */
const REMEMBERED = 500;

const TYPES = { in: TransformationType.PLAIN_TO_CLASS, out: TransformationType.CLASS_TO_PLAIN } as const;

/** The decorators of a class for one direction, read once. */
export class ClassPlan {
  /** The names of `@Expose()`d properties. In the direction `in` they are the names of the source. */
  readonly exposed: readonly string[];
  /** True if a class shows the properties that an instance has, and not only those that it exposes. */
  readonly showsOwn: boolean;
  private readonly excluded: ReadonlySet<string>;
  private readonly properties = new Map<string, PlannedProperty | undefined>();

  private constructor(
    private readonly type: Function,
    private readonly direction: Direction,
  ) {
    const names = storage.getExposedProperties(type, TYPES[direction]);
    // A class may expose a property again that its base class exposes.
    this.exposed = [
      ...new Set(direction === 'in' ? names.map((name) => this.expose(name)?.options.name ?? name) : names),
    ];
    this.excluded = new Set(storage.getExcludedProperties(type, TYPES[direction]));
    this.showsOwn = storage.getStrategy(type) !== 'excludeAll';
  }

  private static readonly plans = { in: new WeakMap<Function, ClassPlan>(), out: new WeakMap<Function, ClassPlan>() };

  /** Returns the plan of a class. */
  static of(type: Function, direction: Direction): ClassPlan {
    const plans = ClassPlan.plans[direction];
    let plan = plans.get(type);
    if (plan === undefined) plans.set(type, (plan = new ClassPlan(type, direction)));
    return plan;
  }

  /** @returns undefined for a property that is not shown */
  property(name: string): PlannedProperty | undefined {
    const known = this.properties.get(name);
    if (known !== undefined || this.properties.has(name)) return known;
    const property = this.isShown(name) ? this.plan(name) : undefined;
    if (this.properties.size < REMEMBERED) this.properties.set(name, property);
    return property;
  }

  private isShown(name: string): boolean {
    return (
      !RESERVED_KEYS.has(name) && !this.excluded.has(name) && (this.expose(name)?.options.groups ?? []).length === 0
    );
  }

  private plan(name: string): PlannedProperty {
    const { type, direction } = this;
    const renamed = storage.findExposeMetadataByCustomName(type, name) as ExposeMetadata | undefined;
    const own = direction === 'in' ? (renamed?.propertyName ?? name) : name;
    const target = direction === 'in' ? own : (this.expose(name)?.options.name ?? name);
    const typed = storage.findTypeMetadata(type, own) as TypeMetadata | undefined;
    const transforms = storage
      .findTransformMetadatas(type, own, TYPES[direction])
      .filter(({ options }) => (options?.groups ?? []).length === 0);
    return { own, target, type: typed, transforms, isUnchanged: typed === undefined && transforms.length === 0 };
  }

  private expose(name: string): ExposeMetadata | undefined {
    // The declared return type lacks undefined, but the metadata may be missing.
    return storage.findExposeMetadata(this.type, name);
  }
}
