import { MODULE_PATH, PATH_METADATA } from '../../common/peer-internals.js';
import type { ParentChain } from './parent-chain.js';

/**
 * Checks that a controller's path contains the parameters of its parents.
 *
 * @param controller its class
 * @param module the class of its module, to which RouterModule may have assigned a path
 * @param prefix the global prefix of the application
 * @returns the text of each problem, with the line to type
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
        `${controller.name}: parent names '${relation.propertyPath}', but the controller's path has no :${param}. ` +
        `Use @Controller('…/:${param}/${paths[0].split('/').at(-1)}'), or parent: { relation: '${relation.propertyPath}', param: '…' }.`,
    );
}

function names(path: string, param: string): boolean {
  return path.split('/').some((part) => new RegExp(`^:${param}(?!\\w)`).test(part));
}

/** `RouterModule` stores a path for each application. */
function pathsOfModule(module: Function): string[] {
  return (Reflect.getMetadataKeys(module) as unknown[])
    .filter((key) => String(key).startsWith(MODULE_PATH))
    .map((key) => String(Reflect.getMetadata(key, module)));
}
