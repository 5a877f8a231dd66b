import type { RequestMethod } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { MODULE_PATH, PATH_METADATA, RoutePathFactory, VERSION_METADATA } from '../../common/peer-internals.js';
import type { RouteVersion } from './requested-version.js';

/** Builds the paths of handlers as Nest's router does: global prefix, version, path of the module. */
export class RoutePaths {
  private readonly factory: RoutePathFactory;

  constructor(
    private readonly config: ApplicationConfig,
    private readonly applicationId: string,
  ) {
    this.factory = new RoutePathFactory(config);
  }

  /**
   * Returns the paths of a handler in Nest's notation.
   *
   * @param module the class of the controller's module, to which RouterModule may have assigned a path
   */
  of(controller: Function, handler: Function, module: Function | undefined, method: RequestMethod): string[] {
    const { config, applicationId } = this;
    return this.factory.create(
      {
        ctrlPath: Reflect.getMetadata(PATH_METADATA, controller) as string,
        methodPath: Reflect.getMetadata(PATH_METADATA, handler) as string,
        globalPrefix: config.getGlobalPrefix(),
        ...(module !== undefined && {
          modulePath: (Reflect.getMetadata(MODULE_PATH + applicationId, module) ??
            Reflect.getMetadata(MODULE_PATH, module)) as string,
        }),
        versioningOptions: config.getVersioning()!,
        controllerVersion: this.controllerVersion(controller) as string,
        methodVersion: Reflect.getMetadata(VERSION_METADATA, handler) as string,
      },
      method,
    );
  }

  /** Returns the version of a handler; undefined without one. */
  versionOf(controller: Function, handler: Function): RouteVersion | undefined {
    const own = Reflect.getMetadata(VERSION_METADATA, handler) as RouteVersion | undefined;
    return own ?? this.controllerVersion(controller);
  }

  private controllerVersion(controller: Function): RouteVersion | undefined {
    const own = Reflect.getMetadata(VERSION_METADATA, controller) as RouteVersion | undefined;
    return own ?? this.config.getVersioning()?.defaultVersion;
  }
}
