import { BadRequestException, ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import type { ExecutionContext, HttpException, Type } from '@nestjs/common';
import { MuckConfigurationError } from '../../errors/muck-configuration.error.js';
import type { TenantResolver } from './tenant-resolver.interface.js';
import { getScopeDeclaration } from '../context/tenant-scope.js';
import type { ScopeValue, TenantScope } from '../context/tenant-scope.js';

/** Options of the resolvers that read the tenant from client input. */
export interface ClientTenantOptions<User = unknown> {
  /**
   * Checks whether the user may work for the tenant. Required, because client input proves nothing.
   *
   * @param user `request.user` as the guards set it
   * @param scope the tenant that the client names
   * @returns true if the user may work for the tenant
   */
  readonly authorize: (user: User, scope: TenantScope) => boolean | Promise<boolean>;
}

/** Request properties that the resolvers read; Express and Fastify both have them. */
interface HttpRequest {
  readonly user?: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params?: Readonly<Record<string, string | undefined>>;
  readonly hostname?: string;
  readonly raw?: { readonly headersDistinct?: Readonly<Record<string, string[] | undefined>> };
  readonly headersDistinct?: Readonly<Record<string, string[] | undefined>>;
}

/**
 * Returns a resolver that takes the scope from `request.user`, which the guards have verified. If the user or a key is
 * missing, there is no tenant.
 *
 * @param keys scope keys, which are also property names of the user
 * @returns a resolver class
 * @example
 * MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') })
 */
export function tenantFromUser(...keys: [string, ...string[]]): Type<TenantResolver> {
  return resolverClass('TenantFromUser', (request) => {
    const user = request.user as Readonly<Record<string, unknown>> | undefined;
    if (user === undefined || user === null || keys.some((key) => user[key] === undefined || user[key] === null))
      return undefined;
    return Object.fromEntries(keys.map((key) => [key, user[key]])) as TenantScope;
  });
}

/**
 * Returns a resolver that takes the tenant from a request header, if `authorize` agrees. Otherwise the response is 403.
 *
 * The header must be sent exactly once: Node joins repeated headers, and a joined value names no tenant.
 *
 * @param name name of the header, e.g. `x-tenant-id`
 * @param options `authorize` checks whether the user may work for the tenant
 * @returns a resolver class
 * @example
 * tenantFromHeader('x-tenant-id', {
 *   authorize: (user: User, { organizationId }) => user.organizationIds.includes(organizationId),
 * })
 */
export function tenantFromHeader<User>(name: string, options: ClientTenantOptions<User>): Type<TenantResolver> {
  const header = name.toLowerCase();
  return clientTenantResolver(
    'TenantFromHeader',
    options,
    () => new ForbiddenException('This account does not belong to a tenant.'),
    (request) => {
      const values = (request.headersDistinct ?? request.raw?.headersDistinct)?.[header] ?? [];
      if (values.length !== 1) throw new BadRequestException(`Send the header ${name} exactly once.`);
      return values[0];
    },
    [name],
  );
}

/**
 * Returns a resolver that takes the tenant from a route parameter, if `authorize` agrees. Otherwise the response is
 * 404.
 *
 * @param name name of the route parameter
 * @param options `authorize` checks whether the user may work for the tenant
 * @returns a resolver class
 * @example
 * tenantFromParam('organizationId', {
 *   authorize: (user: User, { organizationId }) => user.organizationIds.includes(organizationId),
 * })
 */
export function tenantFromParam<User>(name: string, options: ClientTenantOptions<User>): Type<TenantResolver> {
  return clientTenantResolver(
    'TenantFromParam',
    options,
    () => new NotFoundException(),
    (request) => request.params?.[name],
  );
}

/**
 * Returns a resolver that takes the tenant from the first label of the host name, if `authorize` agrees. Otherwise the
 * response is 404. For `acme.example.com` the tenant is `acme`.
 *
 * @param domain domain that the host name must end with, e.g. `example.com`
 * @param options `authorize` checks whether the user may work for the tenant
 * @returns a resolver class
 * @example
 * tenantFromSubdomain('example.com', { authorize: (user: User, { tenant }) => user.tenants.includes(tenant) })
 */
export function tenantFromSubdomain<User>(domain: string, options: ClientTenantOptions<User>): Type<TenantResolver> {
  const suffix = `.${domain.toLowerCase()}`;
  return clientTenantResolver(
    'TenantFromSubdomain',
    options,
    () => new NotFoundException(),
    (request) => {
      const host = request.hostname?.toLowerCase();
      const label = host?.endsWith(suffix) ? host.slice(0, -suffix.length) : undefined;
      return label !== undefined && !label.includes('.') ? label : undefined;
    },
  );
}

function clientTenantResolver<User>(
  className: string,
  options: ClientTenantOptions<User>,
  denied: () => HttpException,
  read: (request: HttpRequest) => string | undefined,
  vary: readonly string[] = [],
): Type<TenantResolver> {
  const resolve = async (request: HttpRequest): Promise<TenantScope> => {
    const [key, type] = singleScopeKey();
    const text = read(request)?.trim();
    if (text === undefined || text === '') throw new BadRequestException('The request names no tenant.');
    const scope = { [key]: parse(text, type) };
    // Same response whether or not the tenant exists, so that a client cannot find out which tenants exist.
    if (!(await options.authorize(request.user as User, scope))) throw denied();
    return scope;
  };
  return resolverClass(className, resolve, vary);
}

/** Returns the only scope key. A header, parameter or subdomain holds one value, so the scope must have one key. */
function singleScopeKey(): [string, unknown] {
  const declared = Object.entries(getScopeDeclaration());
  if (declared.length === 1) return declared[0];
  throw new MuckConfigurationError([
    `a scope of ${declared.length} keys cannot be read from one header, parameter or subdomain. Write a resolver class`,
  ]);
}

function parse(text: string, type: unknown): ScopeValue {
  if (text.length > 255) throw new BadRequestException('The request names no tenant.');
  if (type === String) return text;
  if (!/^-?\d{1,19}$/.test(text)) throw new BadRequestException('The request names no tenant.');
  if (type === BigInt) return BigInt(text);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new BadRequestException('The request names no tenant.');
  return number;
}

function resolverClass(
  name: string,
  resolve: (request: HttpRequest) => TenantScope | undefined | Promise<TenantScope | undefined>,
  vary: readonly string[] = [],
): Type<TenantResolver> {
  @Injectable()
  class BuiltInResolver implements TenantResolver {
    readonly vary = vary;

    resolve(context: ExecutionContext): TenantScope | undefined | Promise<TenantScope | undefined> {
      return resolve(context.switchToHttp().getRequest<HttpRequest>());
    }
  }
  Object.defineProperty(BuiltInResolver, 'name', { value: name });
  return BuiltInResolver;
}
