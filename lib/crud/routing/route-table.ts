import { RequestMethod } from '@nestjs/common';
import type { VersioningOptions } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import type { ApplicationConfig, DiscoveryService } from '@nestjs/core';
import { HOST_METADATA, METHOD_METADATA, PATH_METADATA } from '../../common/peer-internals.js';
import { attempt } from '../../common/safe-read.js';
import { crudMetadataOf } from '../options/crud.metadata.js';
import { compilePathPattern } from './path-pattern.js';
import type { PathMatching } from './path-pattern.js';
import { servesVersion } from './requested-version.js';
import type { RouteVersion } from './requested-version.js';
import type { RoutePaths } from './route-paths.js';

/** The part of a request that selects its route. */
export interface RoutedRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A route of the application. */
interface TableRoute {
  readonly controller: Function;
  /** True for each route of a controller with `@Crud`. */
  readonly isOfResource: boolean;
  readonly method: RequestMethod;
  readonly pattern: RegExp;
  readonly version: RouteVersion | undefined;
  /** Patterns of host names; empty for every host. */
  readonly hosts: readonly RegExp[];
}

/** The methods that the routes of a path serve. */
export interface AllowedMethods {
  /** The controller with `@Crud` that serves the path. */
  readonly controller: Function;
  /** In upper case and alphabetical order. */
  readonly methods: readonly string[];
}

const HOST_MATCHING: PathMatching = { caseSensitive: false, ignoreTrailingSlash: false };

/** The routes of all controllers of an application, to find out which methods a path has. */
export class RouteTable {
  private readonly routes: readonly TableRoute[];
  private readonly versioning: VersioningOptions | undefined;

  /** @param matching how the application's router compares paths */
  constructor(discovery: DiscoveryService, config: ApplicationConfig, paths: RoutePaths, matching: PathMatching) {
    this.versioning = config.getVersioning();
    // Nest registers no route for a class whose metadata cannot be read.
    this.routes = discovery
      .getControllers()
      .flatMap(({ metatype, host }) =>
        typeof metatype === 'function'
          ? attempt(() => routesOf(metatype, host?.metatype, paths, matching), [] as TableRoute[])
          : [],
      );
  }

  /**
   * Returns the methods of a path.
   *
   * @returns undefined if no controller with `@Crud` serves the path
   */
  find(path: string, hostname: string, request: RoutedRequest): AllowedMethods | undefined {
    const matching = this.routes.filter(
      ({ pattern, hosts, version }) =>
        pattern.test(path) &&
        (hosts.length === 0 || hosts.some((host) => host.test(hostname))) &&
        servesVersion(version, request, this.versioning),
    );
    const { controller } = matching.find(({ isOfResource }) => isOfResource) ?? {};
    if (controller === undefined) return undefined;
    const methods = new Set(matching.map(({ method }) => RequestMethod[method]));
    // A route of every method has passed the request on.
    methods.delete('ALL');
    // Both adapters serve HEAD with the handler of GET.
    if (methods.has('GET')) methods.add('HEAD');
    methods.add('OPTIONS');
    return { controller, methods: [...methods].sort() };
  }
}

function routesOf(
  controller: Function,
  module: Function | undefined,
  paths: RoutePaths,
  matching: PathMatching,
): TableRoute[] {
  const prototype = controller.prototype as Record<string, Function>;
  const isOfResource = crudMetadataOf(controller) !== undefined;
  const hosts = hostsOf(controller);
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name) => prototype[name])
    .filter((handler) => Reflect.hasMetadata(PATH_METADATA, handler))
    .flatMap((handler) => {
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
      const version = paths.versionOf(controller, handler);
      return paths
        .of(controller, handler, module, method)
        .map((path) => compilePathPattern(path, matching))
        .filter((pattern) => pattern !== undefined)
        .map((pattern) => ({ controller, isOfResource, method, pattern, version, hosts }));
    });
}

function hostsOf(controller: Function): RegExp[] {
  const hosts = Reflect.getMetadata(HOST_METADATA, controller) as string | RegExp | (string | RegExp)[] | undefined;
  return [hosts ?? []]
    .flat()
    .map((host) => (host instanceof RegExp ? host : (compilePathPattern(host, HOST_MATCHING) ?? /(?!)/)));
}
