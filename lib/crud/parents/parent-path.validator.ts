import { MODULE_PATH, PATH_METADATA } from '@nestjs/common/constants.js';
import type { ParentChain } from './parent-chain.js';

/**
 * Looks whether a controller's path names the parents that it says its rows lie below.
 *
 * @param controller its class
 * @param module the class of the module that declares it, which a router may have given a path
 * @param prefix what the paths of the whole application begin with
 * @returns problems in words, with the line to type
 */
export function validateParentPath(
  controller: Function,
  module: Function | undefined,
  prefix: string,
  chain: ParentChain,
): string[] {
  const below = [prefix, ...(module === undefined ? [] : pathsOfModule(module))];
  const paths = [Reflect.getMetadata(PATH_METADATA, controller) as string | string[]].flat();
  return chain.levels
    .filter(({ param }) => !below.some((path) => names(path, param)) && !paths.every((path) => names(path, param)))
    .map(
      ({ relation, param }) =>
        `${controller.name}: parent names '${relation.propertyPath}', and the controller's path has no :${param}. ` +
        `Say @Controller('…/:${param}/${paths[0].split('/').at(-1)}'), or parent: { relation: '${relation.propertyPath}', param: '…' }.`,
    );
}

function names(path: string, param: string): boolean {
  return path.split('/').some((part) => new RegExp(`^:${param}(?!\\w)`).test(part));
}

/** `RouterModule` keeps a path for each application. */
function pathsOfModule(module: Function): string[] {
  return (Reflect.getMetadataKeys(module) as unknown[])
    .filter((key) => String(key).startsWith(MODULE_PATH))
    .map((key) => String(Reflect.getMetadata(key, module)));
}
