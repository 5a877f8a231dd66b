import type { Driver, EntityMetadata } from 'typeorm';
import { getScopeDeclaration } from '../../tenancy/context/tenant-scope.js';
import type { ParentJoin, RowSet, ScopedPolicy, TenantColumn, TenantPolicy } from './tenant-policy.js';
import { scopeParameter } from './scope-parameters.js';

/** Aliases of the tables inside a predicate. */
const PARENT_ALIAS = 'muck_parent_';

type ColumnsPolicy = Extract<ScopedPolicy, { kind: 'columns' }>;
type ParentsPolicy = Extract<ScopedPolicy, { kind: 'parents' }>;

/** What a condition is made of. */
interface PredicateSource {
  readonly driver: Driver;
  of(metadata: EntityMetadata): TenantPolicy;
  mayBeShared(metadata: EntityMetadata): boolean;
  table(metadata: EntityMetadata): string;
  predicateSql(metadata: EntityMetadata, qualifier: string, rows: RowSet): string;
}

/** Renders the conditions that limit tables to the rows of a tenant. */
export class PredicateText {
  constructor(private readonly policies: PredicateSource) {}

  /**
   * Renders the condition of a scoped entity. It is joined to others by AND without brackets around it.
   *
   * @param qualifier how the statement refers to the table, as it stands in SQL
   */
  render(metadata: EntityMetadata, qualifier: string, rows: RowSet): string {
    const policy = this.policies.of(metadata) as ScopedPolicy;
    return policy.kind === 'columns'
      ? this.columnsText(policy, qualifier, rows)
      : this.parentsText(policy, qualifier, rows);
  }

  private columnsText({ columns, sharedIfNull }: ColumnsPolicy, qualifier: string, rows: RowSet): string {
    const equal = (these: readonly TenantColumn[]): string =>
      these.map((tenant) => this.equals(qualifier, tenant)).join(' AND ');
    if (rows === 'own' || sharedIfNull.length === 0) return equal(columns);
    const required = columns.filter((tenant) => !sharedIfNull.includes(tenant));
    const areNull = sharedIfNull.map(({ column }) => `${this.name(qualifier, column.databaseName)} IS NULL`);
    const [own, shared] = [equal(sharedIfNull), areNull.join(' AND ')].map((text) =>
      text.includes(' AND ') ? `(${text})` : text,
    );
    const either = `(${own} OR ${shared})`;
    return required.length === 0 ? either : `${equal(required)} AND ${either}`;
  }

  /** A row with several possible owners is the tenant's own if one of them is; an owner that is never shared always is. */
  private parentsText({ parents, owners }: ParentsPolicy, qualifier: string, rows: RowSet): string {
    const isOwn = (link: ParentJoin): boolean => rows === 'own' && owners.length === 1 && owners.includes(link);
    const exist = parents.map((link) => this.parentExists(link, qualifier, isOwn(link) ? 'own' : 'visible'));
    const isLimitedFurther =
      rows === 'own' && owners.length > 1 && owners.every(({ parent }) => this.policies.mayBeShared(parent));
    if (isLimitedFurther)
      exist.push(`(${owners.map((link) => this.parentExists(link, qualifier, 'own')).join(' OR ')})`);
    return exist.join(' AND ');
  }

  private equals(qualifier: string, { key, column }: TenantColumn): string {
    const name = this.name(qualifier, column.databaseName);
    const value = `:${scopeParameter(key, column)}`;
    const equal = `${name} = ${value}`;
    const { driver } = this.policies;
    const isText = getScopeDeclaration()[key] === String;
    // A collation of PostgreSQL may take two texts for one; the first part uses the index.
    if (driver.options.type === 'postgres' && column.collation !== undefined && isText)
      return `${equal} AND ${name} COLLATE "C" = ${value}`;
    if (!['mysql', 'mariadb'].includes(driver.options.type)) return equal;
    // To MySQL texts are equal that differ in case, accents or trailing spaces: the first part uses the index, the second one is exact.
    // Of MariaDB's type for UUIDs the bytes are not those of the text, and two of them are equal only if they are the same.
    if (driver.normalizeType(column) === 'uuid') return equal;
    // What a view declares need not be what it selects: its column may hold such UUIDs, whose text is compared then.
    const isOfView = column.entityMetadata.tableType === 'view';
    if (isText) return `${equal} AND BINARY ${isOfView ? `CAST(${name} AS CHAR)` : name} = ${value}`;
    // And a number equals every text that begins with it. Of a view's column nobody says that it holds numbers.
    const isTold = driver.normalizeType(column) !== '';
    return isTold ? equal : `${equal} AND BINARY ${name} = CAST(${value} AS CHAR)`;
  }

  private parentExists({ parent, columns }: ParentJoin, qualifier: string, rows: RowSet): string {
    const alias = this.policies.driver.escape(parentAlias(qualifier));
    const join = columns
      .map(
        ({ own, referenced }) =>
          `${this.name(alias, referenced.databaseName)} = ${this.name(qualifier, own.databaseName)}`,
      )
      .join(' AND ');
    const limit = this.policies.predicateSql(parent, alias, rows);
    return `EXISTS (SELECT 1 FROM ${this.policies.table(parent)} ${alias} WHERE ${join} AND ${limit})`;
  }

  private name(qualifier: string, column: string): string {
    return `${qualifier}.${this.policies.driver.escape(column)}`;
  }
}

/** Inside a predicate's own sub-query the next alias, so that it does not hide the one that it refers to. */
function parentAlias(qualifier: string): string {
  const inside = new RegExp(`^.${PARENT_ALIAS}(\\d+).$`).exec(qualifier);
  return `${PARENT_ALIAS}${inside === null ? 1 : Number(inside[1]) + 1}`;
}
