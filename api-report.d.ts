// nestjs-muck

export declare class ClientDisconnectedError extends Error {
    readonly name = "ClientDisconnectedError";
    constructor();
}

export interface ClientTenantOptions<User = unknown> {
    readonly authorize: (user: User, scope: TenantScope) => boolean | Promise<boolean>;
}

export interface ColumnFilter<T> {
    readonly column: FieldPath<T>;
    readonly operators: readonly Operator[];
}

export type ColumnPath<T> = ColumnKey<T> | `${ObjectKey<T>}.${string}`;

export interface CommittedContext<R = unknown> {
    readonly scope: TenantScope | undefined;
    readonly request: R;
}

export type CountMode = 'exact' | 'none' | 'capped';

export declare function CrossTenant(why: string): ClassDecorator & MethodDecorator;

export declare function Crud<T extends object>(entity: Type<T>, options?: CrudOptions<T>): <C extends Type<CrudController<T>>>(target: C) => void;

export type CrudBody<T> = {
    readonly [K in keyof T]?: unknown;
};

export declare abstract class CrudController<T extends object> {
    private readonly crudServices?;
    private crudService?;
    protected get service(): CrudService<T>;
    findAll(query: ListQuery<T>): Promise<Page<T>>;
    findOne(id: EntityId): Promise<T>;
    create(body: CrudBody<T>): Promise<T>;
    createMany(bodies: readonly CrudBody<T>[]): Promise<T[]>;
    replace(id: EntityId, body: CrudBody<T>): Promise<T>;
    update(id: EntityId, body: CrudBody<T>): Promise<T>;
    remove(id: EntityId): Promise<void>;
    restore(id: EntityId): Promise<T>;
    protected scope(_context: ExecutionContext): Partial<T> | Promise<Partial<T>>;
}

export interface CrudDefaults {
    readonly limit?: CrudLimit;
    readonly defaultSort?: readonly string[];
    readonly listFormat?: 'page' | 'array';
    readonly paging?: PagingMode;
    readonly count?: 'exact' | 'none' | 'capped';
    readonly strictPayload?: boolean;
    readonly bulk?: {
        readonly max: number;
    };
    readonly requireIfMatch?: boolean;
    readonly problemDetails?: ProblemDetailsMode;
    readonly constraints?: Readonly<Record<string, string>>;
    readonly ignoreParams?: readonly string[];
}

export interface CrudDtos {
    readonly create?: Type<object>;
    readonly update?: Type<object>;
    readonly patch?: Type<object>;
    readonly response?: Type<object>;
    readonly detail?: Type<object>;
}

export interface CrudHooks<T extends object> {
    readonly retry?: boolean;
    beforeCreate?(row: T, context: HookContext): Result;
    afterCreate?(row: T, context: HookContext): Result;
    createCommitted?(row: T, context: CommittedContext): Result;
    beforeReplace?(row: T, context: HookContext & RowChanges<T>): Result;
    afterReplace?(row: T, context: HookContext & RowChanges<T>): Result;
    replaceCommitted?(row: T, context: CommittedContext & RowChanges<T>): Result;
    beforeUpdate?(row: T, context: HookContext & RowChanges<T>): Result;
    afterUpdate?(row: T, context: HookContext & RowChanges<T>): Result;
    updateCommitted?(row: T, context: CommittedContext & RowChanges<T>): Result;
    beforeRemove?(row: T, context: HookContext): Result;
    afterRemove?(row: T, context: HookContext): Result;
    removeCommitted?(row: T, context: CommittedContext): Result;
    afterRestore?(row: T, context: HookContext): Result;
    restoreCommitted?(row: T, context: CommittedContext): Result;
}

export interface CrudLimit {
    readonly default?: number;
    readonly max?: number;
}

export interface CrudOptions<T extends object> extends CrudDefaults {
    readonly dto?: CrudDtos;
    readonly id?: ColumnPath<T>;
    readonly parent?: ParentOptions<T>;
    readonly oneToOne?: true;
    readonly only?: readonly CrudRoute[];
    readonly also?: readonly OptInRoute[];
    readonly except?: readonly CrudRoute[];
    readonly filter?: readonly (FieldPath<T> | RelationPath<T> | ColumnFilter<T>)[];
    readonly sort?: readonly FieldPath<T>[];
    readonly defaultSort?: readonly (FieldPath<T> | `-${FieldPath<T>}`)[];
    readonly search?: readonly FieldPath<T>[];
    readonly include?: readonly RelationPath<T>[];
    readonly fields?: readonly ColumnPath<T>[];
    readonly links?: readonly ToManyKey<T>[];
    readonly hooks?: readonly Type<CrudHooks<T>>[];
    readonly deleted?: boolean;
    readonly dataSource?: string;
}

export type CrudRoute = (typeof CRUD_ROUTES)[number];

export declare class CrudService<T extends object> {
    private readonly binding;
    constructor(binding: CrudServiceContext<T>);
    findAll(query?: ListQuery<T>): Promise<Page<T>>;
    findOne(id: EntityId, query?: Projection): Promise<T>;
    create(values: CrudValues<T>): Promise<T>;
    createMany(list: readonly CrudValues<T>[]): Promise<T[]>;
    replace(id: EntityId, values: CrudValues<T>): Promise<T>;
    update(id: EntityId, values: CrudValues<T>): Promise<T>;
    remove(id: EntityId): Promise<void>;
    restore(id: EntityId): Promise<T>;
    link(id: EntityId, relation: ToManyKey<T>, linkedId: EntityId): Promise<void>;
    unlink(id: EntityId, relation: ToManyKey<T>, linkedId: EntityId): Promise<void>;
    private write;
    private terms;
    private rows;
}

export type CrudValues<T> = {
    readonly [K in keyof T]?: T[K] | (NonNullable<T[K]> extends Date ? string : NonNullable<T[K]> extends object ? unknown : never) | null;
};

export type EntityId = IdPart | {
    readonly [property: string]: IdPart;
};

export type EntityRef = Function | string;

export type EntityTenancy = {
    readonly kind: 'scoped';
    readonly options: ScopedOptions;
} | {
    readonly kind: 'shared';
    readonly why: string;
};

export interface EntityTenancyEntry {
    readonly entity: EntityRef;
    readonly declaration: EntityTenancy;
}

export declare class EntityUndeclaredError extends Error {
    readonly name = "EntityUndeclaredError";
    constructor(entity: string);
}

export interface FailureLevels {
    readonly '4xx'?: LineLevel;
    readonly '5xx'?: LineLevel;
    readonly [status: number]: LineLevel;
}

export type FieldPath<T> = FieldPathWithin<T, [
    1,
    1
]>;

export interface ForEachOptions {
    readonly concurrency?: number;
    readonly onProgress?: (done: number, total: number) => void;
}

export interface HookContext<R = unknown> extends CommittedContext<R> {
    readonly manager: EntityManager;
}

export type IdPart = string | number | bigint | boolean;

export declare function InjectCrud(entity: Type<object>): ParameterDecorator & PropertyDecorator;

export type LineLevel = LogLevel | false;

export type ListFilters<T> = {
    readonly [P in ColumnPath<T> | `${ColumnPath<T>}__${Operator}`]?: unknown;
} & {
    readonly [P in RelationPath<T> | `${RelationPath<T>}__is_null`]?: unknown;
} & {
    readonly $and?: readonly ListFilters<T>[];
    readonly $or?: readonly ListFilters<T>[];
    readonly $not?: ListFilters<T>;
};

export interface ListQuery<T> extends Projection {
    readonly limit?: number;
    readonly offset?: number;
    readonly page?: number;
    readonly cursor?: string;
    readonly sort?: readonly SortKey<T>[];
    readonly filters?: ListFilters<T>;
    readonly search?: string;
    readonly deleted?: SoftDeletedMode;
    readonly count?: CountMode;
}

export interface LoggingOptions {
    readonly failures?: FailureLevels | false;
    readonly slowStatement?: number;
    readonly missingIndexes?: LineLevel;
}

export declare class MuckConfigurationError extends Error {
    readonly problems: readonly string[];
    readonly name = "MuckConfigurationError";
    constructor(problems: readonly string[]);
}

export declare class MuckModule {
    static forRoot(options: MuckModuleOptions): DynamicModule;
    static forRootAsync(options: MuckModuleAsyncOptions): DynamicModule;
    static forFeature(entities: readonly Type<object>[]): DynamicModule;
}

export type MuckModuleAsyncOptions = ConfigurableModuleAsyncOptions<MuckOptions> & MuckModuleExtras;

export interface MuckModuleExtras {
    readonly scope: ScopeDeclaration;
    readonly resolver: Type<TenantResolver>;
    readonly imports?: ModuleMetadata['imports'];
    readonly entities?: readonly EntityTenancyEntry[];
    readonly rowLevelSecurity?: RowLevelSecurityOptions;
}

export type MuckModuleOptions = MuckOptions & MuckModuleExtras;

export interface MuckOptions {
    readonly undeclaredEntities?: UndeclaredEntities;
    readonly preparedStatements?: boolean;
    readonly logging?: LoggingOptions;
    readonly telemetry?: boolean | {
        readonly statementSpans: boolean;
    };
    readonly defaults?: CrudDefaults;
}

export type Operator = keyof typeof OPERANDS;

export type OptInRoute = (typeof OPT_IN_ROUTES)[number];

export declare class Page<T> {
    items: T[];
    total?: number;
    totalIsCapped?: true;
    limit: number;
    offset?: number;
    page?: number;
    nextCursor?: string | null;
    prevCursor?: string | null;
    constructor(parts: Pick<Page<T>, 'items' | 'limit'> & Partial<Page<T>>);
}

export type PagingMode = 'any' | 'offset' | 'cursor';

export type ParentOptions<T> = {
    [R in ToOneKey<T>]: {
        readonly relation: R;
        readonly param?: string;
        readonly id?: ColumnPath<RelatedEntity<T, R>>;
        readonly parent?: ParentOptions<RelatedEntity<T, R>>;
    };
}[ToOneKey<T>];

export interface ProblemDetails {
    readonly type: 'about:blank';
    readonly title: string;
    readonly status: number;
    readonly detail?: string;
    readonly errors?: readonly RequestError[];
}

export declare class ProblemDetailsFilter extends BaseExceptionFilter {
    private static readonly log;
    protected readonly mode: ProblemDetailsMode;
    catch(exception: unknown, host: ArgumentsHost): void;
    private asHttpException;
}

export type ProblemDetailsMode = true | 'negotiate';

export declare class ReferenceUnknownError extends Error {
    readonly entity: string;
    readonly property: string;
    readonly name = "ReferenceUnknownError";
    constructor(entity: string, property: string);
}

export type RelationPath<T> = RelationPathWithin<T, [
    1,
    1
]>;

export interface RequestError {
    readonly detail: string;
    readonly code: string;
    readonly pointer?: string;
    readonly parameter?: string;
}

export interface RowChanges<T> {
    readonly previous: Readonly<T>;
    readonly changes: Readonly<Partial<T>>;
}

export interface RowLevelSecurityOptions {
    readonly unscopedRole: string;
}

export type ScopeDeclaration = Readonly<Record<string, ScopeValueType>>;

export type ScopeValue = string | number | bigint;

export type ScopeValueType = NumberConstructor | StringConstructor | BigIntConstructor;

export interface ScopedOptions {
    readonly columns?: Readonly<Record<string, string>>;
    readonly omit?: readonly string[];
    readonly via?: string;
    readonly nullMeans?: 'shared';
    readonly globallyUnique?: Readonly<Record<string, string>>;
}

export declare class SharedRowError extends Error {
    readonly entity: string;
    readonly name = "SharedRowError";
    constructor(entity: string);
}

export type SoftDeletedMode = 'include' | 'only';

export interface SortKey<T> extends NamedSortKey {
    readonly property: ColumnPath<T>;
}

export declare class StatementRefusedError extends Error {
    readonly name = "StatementRefusedError";
    constructor(reason: string, instead: string);
}

export declare class TablePlaceholder {
    readonly entity: EntityRef;
    readonly alias: string;
    constructor(entity: EntityRef, alias: string);
}

export declare class Tenancy {
    get current(): TenantScope | undefined;
    get undeclaredEntities(): readonly UndeclaredEntity[];
    run<R>(scope: TenantScope, fn: () => R): R;
    unscoped<R>(why: string, fn: () => R): R;
    unscoped<R>(why: string, options: UnscopedOptions, fn: () => R): R;
    forEach<S extends TenantScope, R>(scopes: Iterable<S>, fn: (scope: S) => Promise<R> | R, options?: ForEachOptions): Promise<R[]>;
    shareTransaction<R>(queryRunner: QueryRunner, why: string, fn: () => R): R;
    bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R;
    bind<T>(source: Observable<T>): Observable<T>;
    sql(manager: EntityManager): (texts: TemplateStringsArray, ...values: unknown[]) => Promise<unknown[]>;
}

export declare class TenantInterceptor implements NestInterceptor {
    private readonly adapterHost;
    private readonly observer?;
    private readonly logger;
    private readonly instances;
    private readonly routes;
    private readonly defaultResolver;
    constructor(moduleRef: ModuleRef, defaultResolver: DefaultResolver | undefined, adapterHost: HttpAdapterHost<HttpAdapter>, observer?: RequestObserver | undefined);
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>>;
    openScope(context: ExecutionContext, next: CallHandler): HandlerRunner | Promise<HandlerRunner>;
    private guardEmissions;
    private toRetryable;
    appliesTo(context: ExecutionContext): boolean;
    private routeOf;
    private resolve;
    private resolveScope;
    private check;
    private makePrivate;
    private crossTenantEmission;
}

export interface TenantResolver<S extends TenantScope = TenantScope> {
    readonly vary?: readonly string[];
    resolve(context: ExecutionContext): S | undefined | Promise<S | undefined>;
}

export type TenantScope = Readonly<Record<string, ScopeValue>>;

export declare class TenantScopeInvalidError extends TypeError {
    readonly name = "TenantScopeInvalidError";
    constructor(reason: string);
}

export declare class TenantScopeMissingError extends Error {
    readonly name = "TenantScopeMissingError";
    constructor(what: string);
}

export declare class TenantScopeViolationError extends Error {
    readonly name = "TenantScopeViolationError";
    constructor(reason: string);
}

export declare function TenantScoped(options?: TenantScopedOptions): ClassDecorator & MethodDecorator;

export interface TenantScopedOptions extends ScopedOptions {
    readonly resolver?: Type<TenantResolver>;
}

export declare function TenantShared(why: string): ClassDecorator;

export type UndeclaredEntities = 'fail' | 'deny-queries' | 'allow';

export interface UndeclaredEntity {
    readonly name: string;
    readonly proposal: string;
}

export declare class UniqueConflictError extends Error {
    readonly entity: string;
    readonly properties: readonly string[];
    readonly name = "UniqueConflictError";
    readonly constraint: string | undefined;
    readonly isExclusion: boolean;
    readonly explanation: string | undefined;
    constructor(entity: string, properties: readonly string[], { constraint, isExclusion, explanation }?: ViolatedConstraint);
}

export declare function Unscoped(why: string): MethodDecorator;

export interface UnscopedOptions {
    readonly entities: readonly EntityRef[];
}

export interface ViolatedConstraint {
    readonly constraint?: string | undefined;
    readonly isExclusion?: boolean;
    readonly explanation?: string | undefined;
}

export declare function declareScope(declaration: ScopeDeclaration): void;

export declare function getCrudToken(entity: Type<object>): symbol;

export declare function scoped(entity: EntityRef | EntitySchema, options?: ScopedOptions): EntityTenancyEntry;

export declare function shared(entity: EntityRef | EntitySchema, why: string): EntityTenancyEntry;

export declare function table(entity: EntityRef, alias: string): TablePlaceholder;

export declare function tenantCache<C extends Type<NestInterceptor>>(base: C): C;

export declare function tenantCacheKey(key: string): string | undefined;

export declare function tenantFromHeader<User>(name: string, options: ClientTenantOptions<User>): Type<TenantResolver>;

export declare function tenantFromParam<User>(name: string, options: ClientTenantOptions<User>): Type<TenantResolver>;

export declare function tenantFromSubdomain<User>(domain: string, options: ClientTenantOptions<User>): Type<TenantResolver>;

export declare function tenantFromUser(...keys: [
    string,
    ...string[]
]): Type<TenantResolver>;

// nestjs-muck/client

export declare const ACCEPT_PROBLEM_DETAILS = "application/json, application/problem+json";

export declare class ApiError extends Error {
    readonly problem: ApiProblem;
    readonly name = "ApiError";
    constructor(problem: ApiProblem);
}

export type ApiProblem = Problem<'invalid', 400 | 422> | Problem<'unauthenticated', 401> | Problem<'forbidden', 403> | Problem<'not-found', 404> | Problem<'conflict', 409> | Problem<'precondition-failed', 412> | Problem<'precondition-required', 428> | (Problem<'too-many-requests', 429> & Retryable) | (Problem<'unavailable', 502 | 503 | 504> & Retryable) | Problem<'other'>;

export interface BuiltFilter<Row> {
    toJSON(): Filters<Row>;
    readonly rowType?: (row: Row) => void;
}

export interface CursorPage<Row = unknown> {
    readonly items: readonly Row[];
    readonly nextCursor?: string | null;
    readonly prevCursor?: string | null;
}

export interface FieldMessages<Name extends string> {
    readonly fields: {
        readonly [N in Name]?: readonly string[];
    };
    readonly others: readonly string[];
}

export declare class FilterBuilder<Row> implements BuiltFilter<Row> {
    private readonly parts;
    readonly rowType?: (row: Row) => void;
    constructor(parts?: readonly FilterObject[]);
    where<P extends PathWith<Row, 'eq'>>(column: P, value: ComparisonsAt<Row, P>['eq' & keyof ComparisonsAt<Row, P>] | undefined): FilterBuilder<Row>;
    where<P extends RowPath<Row>, O extends keyof ComparisonsAt<Row, P> & string>(column: P, operator: O, operand: ComparisonsAt<Row, P>[O] | undefined): FilterBuilder<Row>;
    and(...filters: readonly FilterInput<Row>[]): FilterBuilder<Row>;
    or(...filters: readonly FilterInput<Row>[]): FilterBuilder<Row>;
    not(filter: FilterInput<Row>): FilterBuilder<Row>;
    toJSON(): Filters<Row>;
    toString(): string;
    private with;
}

export type FilterInput<Row> = Filters<Row> | BuiltFilter<Row>;

export type FilterOperator = keyof TextComparisons<string>;

export type Filters<Row> = {
    readonly [C in Condition<Row> as C['key']]?: C['operand'] | undefined;
} & FilterGroups<Row>;

export interface InfinitePages<Page extends CursorPage> {
    readonly initialPageParam: string;
    readonly queryFn: (context: {
        readonly pageParam: string;
        readonly signal: AbortSignal;
    }) => Promise<Page>;
    readonly getNextPageParam: (lastPage: Page) => string | undefined;
    readonly getPreviousPageParam: (firstPage: Page) => string | undefined;
}

export interface IterationOptions {
    readonly cursor?: string;
    readonly signal?: AbortSignal;
}

export interface ListQuery<Row> {
    readonly filters?: FilterInput<Row> | undefined;
    readonly sort?: SortKey<Row> | readonly SortKey<Row>[] | undefined;
    readonly search?: string | undefined;
    readonly include?: readonly RelationPath<Row>[] | undefined;
    readonly fields?: readonly RowKey<Row>[] | undefined;
    readonly limit?: number | undefined;
    readonly offset?: number | undefined;
    readonly page?: number | undefined;
    readonly cursor?: string | undefined;
    readonly count?: 'exact' | 'none' | 'capped' | undefined;
    readonly deleted?: 'include' | 'only' | undefined;
}

export interface ProblemDetail {
    readonly message: string;
    readonly code?: string;
    readonly field?: string;
    readonly parameter?: string;
    readonly element?: number;
}

export type ProblemKind = ApiProblem['kind'];

export type ReadPage<Page extends CursorPage> = (cursor: string, signal: AbortSignal | undefined) => Promise<Page>;

export type RelationPath<Row> = RelationPathWithin<Row, Relations>;

export interface ResponseLike {
    readonly status: number;
    readonly headers: {
        get(name: string): string | null;
    };
}

export type RowKey<Row> = {
    [K in keyof Row & string]-?: Row[K] extends (...args: never[]) => unknown ? never : K;
}[keyof Row & string];

export type RowPath<Row> = RowPathWithin<Row, Relations>;

export type SortKey<Row> = `${'' | '-'}${RowPath<Row>}${NullsSuffix}` | `${RowPath<Row>}__${'asc' | 'desc'}${NullsSuffix}`;

export declare function fieldMessages<Name extends string>(problem: ApiProblem, names: readonly Name[]): FieldMessages<Name>;

export declare function filterBy<Row>(): FilterBuilder<Row>;

export declare function infinitePages<Page extends CursorPage>(readPage: ReadPage<Page>): InfinitePages<Page>;

export declare function iteratePages<Page extends CursorPage>(readPage: ReadPage<Page>, { cursor, signal }?: IterationOptions): AsyncGenerator<Page, void, undefined>;

export declare function iterateRows<Row extends object>(readPage: ReadPage<CursorPage<Row>>, options?: IterationOptions): AsyncGenerator<Row, void, undefined>;

export declare function nextPageParam({ nextCursor }: CursorPage): string | undefined;

export declare function previousPageParam({ prevCursor }: CursorPage): string | undefined;

export declare function problemOf(value: unknown): ApiProblem | undefined;

export declare function readProblem(response: ResponseLike & {
    text(): Promise<string>;
}): Promise<ApiProblem | undefined>;

export declare function toFilters<Row>(filters: FilterInput<Row>): string;

export declare function toQuery<Row>({ filters, sort, include, fields, search, ...page }: ListQuery<Row>): Record<string, string>;

export declare function toSort<Row>(...keys: readonly SortKey<Row>[]): string;

export declare function unwrap<Data>(result: ClientResult<Data>): Data;

// nestjs-muck/openapi

export interface ComponentsObject {
    readonly schemas?: Readonly<Record<string, object>>;
    readonly parameters?: Readonly<Record<string, object>>;
    readonly responses?: Readonly<Record<string, object>>;
    readonly headers?: Readonly<Record<string, object>>;
}

export type ContentObject = Readonly<Record<string, {
    readonly schema: JsonSchema;
    readonly example?: unknown;
}>>;

export interface DescribeOptions {
    readonly operators?: 'basic' | 'all';
    readonly problemDetails?: boolean;
    readonly enums?: Readonly<Record<string, object>>;
}

export interface DocumentInfo {
    readonly title: string;
    readonly version: string;
    readonly description?: string;
}

export interface HeaderObject {
    readonly description: string;
    readonly required?: boolean;
    readonly schema: JsonSchema;
}

export interface JsonSchema {
    readonly $ref?: string;
    readonly type?: JsonType | readonly JsonType[];
    readonly enum?: readonly unknown[];
    readonly const?: unknown;
    readonly format?: string;
    readonly pattern?: string;
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly exclusiveMinimum?: number;
    readonly exclusiveMaximum?: number;
    readonly multipleOf?: number;
    readonly contentEncoding?: string;
    readonly contentMediaType?: string;
    readonly contentSchema?: JsonSchema;
    readonly items?: JsonSchema;
    readonly minItems?: number;
    readonly maxItems?: number;
    readonly uniqueItems?: boolean;
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
    readonly additionalProperties?: boolean | JsonSchema;
    readonly required?: readonly string[];
    readonly minProperties?: number;
    readonly anyOf?: readonly JsonSchema[];
    readonly allOf?: readonly JsonSchema[];
    readonly not?: JsonSchema;
    readonly default?: unknown;
    readonly title?: string;
    readonly description?: string;
    readonly examples?: readonly unknown[];
    readonly deprecated?: boolean;
    readonly readOnly?: boolean;
}

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

export interface OpenApiDocument {
    readonly openapi: string;
    readonly paths: Readonly<Record<string, object>>;
    readonly components?: ComponentsObject;
    readonly tags?: readonly TagObject[];
}

export interface OperationObject {
    readonly operationId: string;
    readonly summary?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
    readonly parameters: readonly (ParameterObject | ReferenceObject)[];
    readonly requestBody?: RequestBodyObject;
    readonly responses: Readonly<Record<string, ResponseObject | ReferenceObject>>;
}

export interface ParameterObject {
    readonly name: string;
    readonly in: 'query' | 'path' | 'header';
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: JsonSchema;
    readonly style?: 'form';
    readonly explode?: boolean;
    readonly example?: unknown;
}

export type PathItemObject = Readonly<Record<string, OperationObject>>;

export interface ReferenceObject {
    readonly $ref: string;
}

export interface RequestBodyObject {
    readonly required: boolean;
    readonly content: ContentObject;
}

export interface ResourceDocument extends OpenApiDocument {
    readonly info: DocumentInfo;
    readonly paths: Readonly<Record<string, PathItemObject>>;
    readonly components: {
        readonly schemas: Readonly<Record<string, JsonSchema>>;
        readonly parameters: Readonly<Record<string, ParameterObject>>;
        readonly responses: Readonly<Record<string, ResponseObject>>;
        readonly headers: Readonly<Record<string, HeaderObject>>;
    };
    readonly tags: readonly TagObject[];
}

export interface ResponseObject {
    readonly description: string;
    readonly headers?: Readonly<Record<string, HeaderObject | ReferenceObject>>;
    readonly content?: ContentObject;
}

export interface TagObject {
    readonly name: string;
    readonly description?: string;
}

export declare function createResourceDocument(app: INestApplicationContext, info: DocumentInfo, options?: DescribeOptions): ResourceDocument;

export declare function describeResources<D extends OpenApiDocument>(app: INestApplicationContext, document: D, options?: DescribeOptions): D;

// nestjs-muck/rls

export interface ReferenceProposal {
    readonly entity: string;
    readonly property: string;
    readonly target: string;
    readonly decorators: readonly {
        readonly entity: string;
        readonly line: string;
    }[];
}

export interface RowLevelSecurityOptions {
    readonly unscopedRole: string;
}

export interface TableDifference {
    readonly entity: string;
    readonly table: string;
    readonly problems: readonly string[];
    readonly up: readonly string[];
    readonly down: readonly string[];
}

export declare function applyRowSecurity(dataSource: DataSource, options?: RowLevelSecurityOptions): Promise<void>;

export declare function checkRowSecurity(dataSource: DataSource, options?: RowLevelSecurityOptions): Promise<TableDifference[]>;

export declare function declareRowLevelSecurity(options: RowLevelSecurityOptions): void;

export declare function proposeReferences(dataSource: DataSource): ReferenceProposal[];

// nestjs-muck/terminus

export interface MuckHealth {
    readonly pools: readonly PoolHealth[];
    readonly reason?: 'unreachable' | 'timeout' | 'isolation';
    readonly code?: string;
    readonly replaced?: readonly string[];
}

export declare class MuckHealthIndicator {
    private readonly indicators;
    private readonly dataSources;
    constructor(indicators: HealthIndicatorService, dataSources: ObservedDataSources);
    check<const Key extends string>(key: Key, { timeout }?: MuckHealthOptions): Promise<HealthIndicatorResult<Key>>;
}

export interface MuckHealthOptions {
    readonly timeout?: number;
}

export interface PoolHealth {
    readonly total: number;
    readonly idle: number;
    readonly waiting: number;
    readonly max: number;
}

// nestjs-muck/testing

export type AttemptKind = (typeof ATTEMPTS)[number];

export interface HeaderHolder {
    readonly headers?: Readonly<Record<string, unknown>>;
}

export interface HeaderSetter {
    set(name: string, value: string): unknown;
}

export interface IsolationFinding {
    readonly route: string;
    readonly attempt: AttemptKind;
    readonly what: string;
    readonly request: string;
    readonly response: string;
    readonly proof: string;
}

export interface IsolationOptions {
    readonly tenants: readonly [
        TestTenant,
        TestTenant
    ];
    readonly seed?: (tenant: TestTenant) => unknown;
    readonly routes?: Readonly<Record<string, RouteHints>>;
    readonly exclude?: Readonly<Record<string, string>>;
    readonly print?: (table: string) => void;
}

export declare class IsolationReport {
    readonly findings: IsolationFinding[];
    readonly notTried: NotTried[];
    readonly excluded: {
        readonly route: string;
        readonly why: string;
    }[];
    private readonly counts;
    get routes(): readonly string[];
    get attempts(): number;
    count(route: string, attempt: AttemptKind): number;
    addRoute(route: string): void;
    addAttempt(route: string, attempt: AttemptKind): void;
    addFinding(finding: IsolationFinding): void;
    addNotTried(route: string, why: string, attempt?: AttemptKind): void;
    toString(): string;
    describeFindings(): string;
    private cells;
}

export interface NotTried {
    readonly route: string;
    readonly attempt?: AttemptKind;
    readonly why: string;
}

export type RequestPart<V> = V | ((rows: TenantRows) => V);

export interface RouteHints {
    readonly params?: RequestPart<Readonly<Record<string, string | number>>>;
    readonly query?: RequestPart<Readonly<Record<string, string | number>>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: RequestPart<unknown>;
}

export declare class TenantIsolationError extends Error {
    readonly report: IsolationReport;
    readonly name = "TenantIsolationError";
    constructor(report: IsolationReport);
}

export interface TenantRows {
    of<T extends object>(entity: (abstract new (...args: never[]) => T) | EntityRef): Readonly<T>[];
}

export interface TestRequest {
    readonly method: string;
    path: string;
    readonly query: Record<string, string>;
    readonly headers: Record<string, string>;
    body?: unknown;
}

export interface TestTenant {
    readonly name: string;
    readonly scope: TenantScope;
    readonly headers?: Readonly<Record<string, string>>;
    readonly authenticate?: (request: TestRequest) => void | Promise<void>;
}

export declare function asTenant<R extends HeaderSetter | HeaderHolder>(tenant: TestTenant, request: R): R;

export declare function expectTenantIsolation(app: INestApplication, options: IsolationOptions): Promise<IsolationReport>;

export declare function rollBack<R>(app: INestApplicationContext, test: () => Promise<R>): Promise<R>;

export declare function withTenant<R>(scope: TenantScope, fn: () => R): R;
