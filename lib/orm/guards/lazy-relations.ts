import type { DataSource, ObjectLiteral, QueryRunner } from 'typeorm';
import type { RelationMetadata } from '../../common/peer-internals.js';
import { accessCacheKey } from '../policy/access.js';

/**
 * Makes lazy relations obey the scope at each access. TypeORM loads such a relation once and stores the result on the
 * entity, even if it is empty.
 *
 * One tenant would then read what another tenant has loaded. A load that is refused would end the process as an
 * unhandled rejection.
 */
export function scopeLazyRelations(dataSource: DataSource): void {
  const { relationLoader } = dataSource;
  const enableLazyLoad = relationLoader.enableLazyLoad.bind(relationLoader);
  relationLoader.enableLazyLoad = (relation: RelationMetadata, entity: ObjectLiteral, queryRunner?: QueryRunner) => {
    enableLazyLoad(relation, entity, queryRunner);
    const stock = Object.getOwnPropertyDescriptor(entity, relation.propertyName)!;
    const load = async (owner: ObjectLiteral): Promise<unknown> => {
      const rows: unknown[] = await relationLoader.load(relation, owner, queryRunner);
      return relation.isOneToOne || relation.isManyToOne ? (rows[0] ?? null) : rows;
    };
    const loaded = new LoadedRelation(relation.propertyName, load);
    Object.defineProperty(entity, relation.propertyName, {
      ...stock,
      get(this: ObjectLiteral) {
        return loaded.read(this);
      },
      set(this: ObjectLiteral, value: unknown) {
        loaded.assigned = true;
        stock.set!.call(this, value);
      },
    });
  };
}

/**
 * State of one entity's lazy relation. TypeORM's persistence reads the data from the entity, by the property names used
 * here.
 */
class LoadedRelation {
  /** True if the application has set the value; it must then not be discarded. */
  assigned = false;
  private accessKey?: string;
  /**
   * Stored here, not on the entity: saving null would clear the foreign key, and an invisible row also loads as null.
   */
  private isNull = false;

  constructor(
    private readonly property: string,
    private readonly load: (owner: ObjectLiteral) => Promise<unknown>,
  ) {}

  read(owner: ObjectLiteral): Promise<unknown> {
    const [data, has, promise] = [`__${this.property}__`, `__has_${this.property}__`, `__promise_${this.property}__`];
    const situation = accessCacheKey();
    if (!this.assigned && this.accessKey !== undefined && this.accessKey !== situation) {
      for (const name of [data, has, promise]) Reflect.deleteProperty(owner, name);
      this.isNull = false;
    }
    if (owner[has] === true || owner[data] !== undefined) return Promise.resolve(owner[data] as unknown);
    if (owner[promise] !== undefined) return owner[promise] as Promise<unknown>;
    if (this.isNull && !this.assigned) return Promise.resolve(null);
    const loading = this.load(owner);
    this.accessKey = situation;
    owner[promise] = loading;
    const onSettled = (keep: (value: unknown) => void) => (value: unknown) => {
      if (owner[promise] !== loading) return;
      Reflect.deleteProperty(owner, promise);
      keep(value);
    };
    loading.then(
      onSettled((value) => {
        this.isNull = value === null;
        if (!this.isNull) Object.assign(owner, { [data]: value, [has]: true });
      }),
      onSettled(() => undefined),
    );
    return loading;
  }
}
