// @ts-check
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * How SWC compiles TypeScript for the tests: lib/ as tsconfig.build.json ships it, everything else as tsconfig.json says,
 * which is what the template of Nest does. There class fields are defined: each declared property is on a new instance,
 * as undefined. TEST_CLASS_FIELDS=assigned compiles the other way, as TypeScript did before ES2022.
 */
const isAssigned = process.env['TEST_CLASS_FIELDS'] === 'assigned';

const libraryFolder = fileURLToPath(new URL('lib/', import.meta.url));

/** What matches the paths of the library's sources. */
export const librarySources = `^${libraryFolder.replace(/[^\w/]/g, '\\$&')}.+\\.ts$`;

/** @type {import('@swc/core').Options} */
export const library = optionsOf(usesDefine('tsconfig.build.json'));

/** @type {import('@swc/core').Options} */
export const application = optionsOf(!isAssigned && usesDefine('tsconfig.json'));

/**
 * @param {string} file path of a TypeScript file
 * @returns {import('@swc/core').Options}
 */
export function compilerOptionsFor(file) {
  return file.startsWith(libraryFolder) ? library : application;
}

/** @param {string} config */
function usesDefine(config) {
  /** @type {{ compilerOptions: { useDefineForClassFields: boolean } }} */
  const { compilerOptions } = JSON.parse(readFileSync(new URL(config, import.meta.url), 'utf8'));
  return compilerOptions.useDefineForClassFields;
}

/**
 * @param {boolean} useDefineForClassFields
 * @returns {import('@swc/core').Options}
 */
function optionsOf(useDefineForClassFields) {
  return {
    swcrc: false,
    sourceMaps: 'inline',
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields },
      keepClassNames: true,
    },
  };
}
