import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataSource } from 'typeorm';
import { isInstance } from '../common/safe-read.js';
import { UsageError } from './command.js';

/** Options of commands that read the declarations of an application, for `util.parseArgs`. */
export const APPLICATION_OPTIONS = {
  dataSource: { type: 'string', short: 'd' },
  module: { type: 'string', short: 'm', multiple: true },
} as const;

/** The lines about {@link APPLICATION_OPTIONS} in a command's usage. */
export const APPLICATION_USAGE = [
  '-d, --dataSource <file>  file that exports the DataSource, as the TypeORM CLI takes it, e.g. dist/data-source.js',
  '-m, --module <file>      file to import before: the root module, which declares the scope, e.g. dist/app.module.js',
];

/** Values of {@link APPLICATION_OPTIONS}. */
export interface ApplicationFiles {
  readonly dataSource?: string | undefined;
  readonly module?: readonly string[] | undefined;
}

/**
 * Calls `fn` with the DataSource of an application, initialised without its migrations, `synchronize` and logs.
 *
 * @returns the result of `fn`
 */
export async function withApplication<R>(
  files: ApplicationFiles,
  fn: (dataSource: DataSource) => Promise<R>,
): Promise<R> {
  const dataSource = await loadApplication(files);
  if (!dataSource.isInitialized) {
    dataSource.setOptions({ synchronize: false, migrationsRun: false, dropSchema: false, logging: false });
    await dataSource.initialize();
  }
  try {
    return await fn(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Imports the files of an application, so that its scope and entities are declared, and returns its DataSource.
 * TypeORM's CLI accepts the same file. TypeScript needs a loader: `NODE_OPTIONS='--import …'`.
 *
 * @param files paths from the working directory
 * @returns the DataSource, which is not initialised
 * @throws UsageError if a file is missing, or does not export exactly one DataSource
 * @example
 * const dataSource = await loadApplication({ dataSource: 'dist/data-source.js', module: ['dist/app.module.js'] });
 */
export async function loadApplication({ dataSource, module = [] }: ApplicationFiles): Promise<DataSource> {
  if (dataSource === undefined) throw new UsageError('Name the file of the DataSource: -d dist/data-source.js');
  for (const file of module) await importFile(file);
  const exported = await importFile(dataSource);
  // Compiled CommonJS has its exports in `default` too.
  const values = await Promise.all(Object.values({ ...(exported.default as object | undefined), ...exported }));
  const found = [...new Set(values.filter((value) => isInstance(value, DataSource)))] as DataSource[];
  if (found.length !== 1)
    throw new UsageError(`${dataSource} exports ${found.length} instances of DataSource. Export exactly one`);
  return found[0];
}

async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`There is no file ${file}`);
  return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
}
