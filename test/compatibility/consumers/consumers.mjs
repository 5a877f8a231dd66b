// @ts-check
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

/**
 * An application that installs the packed library and is built by tools of its own.
 *
 * @typedef {object} Consumer
 * @property {string} name
 * @property {(folder: string) => Promise<void>} write its files
 * @property {string[][]} build commands that build it, and test it by its own test runner
 * @property {string[]} [start] the command that starts it; none where only the build is tried
 * @property {() => Promise<{ env: Record<string, string>, drop(): Promise<void> }>} [database]
 * @property {RegExp} [refuses] what the start says, where it has to refuse
 */

const FILES = join(import.meta.dirname, 'files');
const run = promisify(execFile);

/** What an application of this library installs beside Nest's template. */
const LIBRARIES = {
  'class-transformer': '0.5.1',
  'class-validator': '0.15.1',
  'sql.js': '1.16.0',
  typeorm: '1.1.1',
};
const NEST_12 = { ...LIBRARIES, '@nestjs/typeorm': '^12.0.0' };

/** @param {string} folder @param {string} file @param {unknown} value */
const writeJson = (folder, file, value) => writeFile(join(folder, file), JSON.stringify(value, undefined, 2));
/** @param {string} folder @param {string} file */
const readJson = async (folder, file) => JSON.parse(await readFile(join(folder, file), 'utf8'));

/** @type {Promise<string> | undefined} */
let installed;

/**
 * Installs Nest's command line in the release whose template the applications have. It is not the project's own, since some
 * of its dependencies ask for a newer Node.
 *
 * @param {string} folder where the applications are
 */
function commandLine(folder) {
  installed ??= (async () => {
    const home = join(folder, 'command-line');
    await mkdir(home, { recursive: true });
    await writeJson(home, 'package.json', { private: true });
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '@nestjs/cli@12'], { cwd: home });
    return join(home, 'node_modules/.bin/nest');
  })();
  return installed;
}

/**
 * Nest's own template, as its command line makes it, with the application in place of its hello world.
 *
 * @param {string} folder
 * @param {{ dependencies?: object, devDependencies?: object, type?: string }} more
 */
async function writeTemplate(folder, { dependencies = NEST_12, devDependencies = {}, type = 'module' } = {}) {
  await rm(folder, { recursive: true, force: true });
  const nest = await commandLine(join(folder, '..'));
  const target = ['--directory', folder.split('/').at(-1) ?? ''];
  const options = ['--skip-install', '--skip-git', '--package-manager', 'npm', '--no-observe'];
  await run(nest, ['new', 'application', ...target, ...options], { cwd: join(folder, '..') });
  await rm(join(folder, 'src'), { recursive: true });
  await rm(join(folder, 'test'), { recursive: true });
  await writeApplication(folder);
  const json = await readJson(folder, 'package.json');
  // What only formats, lints or deploys.
  for (const name of ['@nestjs/mau', '@vitest/coverage-v8', 'oxlint', 'oxlint-tsgolint', 'prettier'])
    delete json.devDependencies[name];
  Object.assign(json.dependencies, dependencies);
  Object.assign(json.devDependencies, devDependencies);
  await writeJson(folder, 'package.json', { ...json, type });
}

/** @param {string} folder */
async function writeApplication(folder) {
  await cp(join(FILES, 'src'), join(folder, 'src'), { recursive: true });
  await cp(join(FILES, 'test'), join(folder, 'test'), { recursive: true });
  await rm(join(folder, 'src/database.postgres.ts'));
}

const NEST_11 = {
  ...LIBRARIES,
  '@nestjs/common': '^11.0.0',
  '@nestjs/core': '^11.0.0',
  '@nestjs/platform-express': '^11.0.0',
  '@nestjs/typeorm': '^11.0.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.1',
};

/** Nest 11 wrote CommonJS, and tested by Jest. @param {string} folder */
async function writeNest11(folder) {
  await mkdir(folder, { recursive: true });
  await writeApplication(folder);
  await writeJson(folder, 'package.json', {
    name: 'nest-11',
    private: true,
    scripts: { build: 'nest build' },
    dependencies: NEST_11,
    devDependencies: {
      '@nestjs/cli': '^11.0.0',
      '@nestjs/testing': '^11.0.0',
      '@swc/core': '1.16.18',
      '@swc/jest': '0.2.39',
      '@types/jest': '^30.0.0',
      '@types/node': '^22.0.0',
      '@types/supertest': '^6.0.0',
      jest: '^30.0.0',
      supertest: '^7.0.0',
      'ts-jest': '^29.4.0',
      typescript: '^5.7.3',
    },
    overrides: { 'unrs-resolver': '1.12.2' },
  });
  await writeJson(folder, 'nest-cli.json', {
    collection: '@nestjs/schematics',
    sourceRoot: 'src',
    compilerOptions: { deleteOutDir: true },
  });
  const compilerOptions = {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    resolvePackageJsonExports: true,
    esModuleInterop: true,
    isolatedModules: true,
    declaration: true,
    removeComments: true,
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    allowSyntheticDefaultImports: true,
    target: 'ES2023',
    sourceMap: true,
    outDir: './dist',
    incremental: true,
    skipLibCheck: true,
    strictNullChecks: true,
  };
  await writeJson(folder, 'tsconfig.json', { compilerOptions });
  await writeJson(folder, 'tsconfig.build.json', {
    extends: './tsconfig.json',
    compilerOptions: { rootDir: './src' },
    include: ['src'],
    exclude: ['node_modules', 'test', 'dist', '**/*spec.ts'],
  });
  // The older way of finding modules, which knows no `exports`.
  await writeJson(folder, 'tsconfig.node10.json', {
    compilerOptions: {
      ...compilerOptions,
      module: 'commonjs',
      moduleResolution: 'node10',
      resolvePackageJsonExports: undefined,
      noEmit: true,
      incremental: false,
      rootDir: '.',
    },
    include: ['src', 'entry-points.ts'],
  });
  await writeFile(
    join(folder, 'entry-points.ts'),
    "import { MuckModule } from 'nestjs-muck';\nimport * as client from 'nestjs-muck/client';\nimport * as openapi from 'nestjs-muck/openapi';\nexport const names: [string, typeof client, typeof openapi] = [MuckModule.name, client, openapi];\n",
  );
  const jest = {
    rootDir: '.',
    testRegex: String.raw`.*\.spec\.ts$`,
    testEnvironment: 'node',
    moduleNameMapper: { [String.raw`^(\.{1,2}/.*)\.js$`]: '$1' },
    // The library is ES modules: Jest in CommonJS has to translate it.
    transformIgnorePatterns: ['/node_modules/(?!nestjs-muck/)'],
  };
  const typescript = {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2023',
    keepClassNames: true,
  };
  await writeJson(folder, 'jest.swc.json', {
    ...jest,
    transform: {
      [String.raw`\.[tj]s$`]: ['@swc/jest', { swcrc: false, jsc: typescript, module: { type: 'commonjs' } }],
    },
  });
  await writeJson(folder, 'jest.ts-jest.json', {
    ...jest,
    transform: {
      [String.raw`\.ts$`]: ['ts-jest', { tsconfig: 'tsconfig.json' }],
      [String.raw`\.js$`]: [
        'ts-jest',
        {
          tsconfig: {
            allowJs: true,
            module: 'commonjs',
            moduleResolution: 'node10',
            target: 'es2022',
            isolatedModules: true,
          },
        },
      ],
    },
  });
}

/** Bundled after TypeScript has compiled it: esbuild writes no decorator metadata. */
const BUNDLE = ['npx', 'esbuild', 'dist/main.js', '--bundle', '--platform=node', '--keep-names', '--log-level=error'];
/** Nest's own packages ask for `import.meta.url`, which CommonJS does not have. */
const META_URL = [
  '--define:import.meta.url=__meta_url',
  "--banner:js=const __meta_url = require('node:url').pathToFileURL(__filename).href;",
];
/** What Nest and TypeORM load where it is there. */
const OPTIONAL = [
  ...[
    '@nestjs/microservices',
    '@nestjs/websockets',
    '@nestjs/websockets/socket-module',
    '@nestjs/microservices/microservices-module',
  ],
  ...[
    '@google-cloud/spanner',
    '@sap/hana-client',
    'better-sqlite3',
    'ioredis',
    'mongodb',
    'mssql',
    'mysql',
    'mysql2',
    'oracledb',
  ],
  ...[
    'pg',
    'pg-native',
    'pg-query-stream',
    'redis',
    'react-native-sqlite-storage',
    'sql.js',
    'sqlite3',
    'typeorm-aurora-data-api-driver',
    'hdb-pool',
    'expo-sqlite',
    '@nestjs/swagger',
  ],
].map((name) => `--external:${name}`);

/** Where the system's PostgreSQL answers. */
const POSTGRES = process.env['TEST_PG15_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

async function handMadeTables() {
  const name = `muck_test_consumer_${process.pid}`;
  const admin = new pg.Client({ connectionString: POSTGRES });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(POSTGRES);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(await readFile(join(FILES, 'tables.sql'), 'utf8'));
  await client.end();
  return {
    env: { DATABASE_URL: url.href },
    drop: async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** @type {readonly Consumer[]} */
export const consumers = [
  {
    name: 'Nest 12, its template (ES modules, Vitest)',
    write: (folder) => writeTemplate(folder),
    build: [
      ['npm', 'run', 'build'],
      ['npx', 'vitest', 'run'],
    ],
    start: ['node', 'dist/main.js'],
  },
  {
    name: 'Nest 12, compiled to CommonJS',
    write: (folder) => writeTemplate(folder, { type: 'commonjs' }),
    build: [['npm', 'run', 'build']],
    start: ['node', 'dist/main.js'],
  },
  {
    name: 'Nest 12, bundled by esbuild to ES modules',
    write: (folder) => writeTemplate(folder, { devDependencies: { esbuild: '0.27.0' } }),
    build: [
      ['npm', 'run', 'build'],
      [
        ...BUNDLE,
        '--format=esm',
        '--outfile=bundle/main.mjs',
        "--banner:js=import { createRequire as __cr } from 'node:module'; import { fileURLToPath as __fu } from 'node:url'; const require = __cr(import.meta.url); const __filename = __fu(import.meta.url); const __dirname = __filename.slice(0, __filename.lastIndexOf('/'));",
        ...OPTIONAL,
      ],
    ],
    start: ['node', 'bundle/main.mjs'],
  },
  {
    name: 'Nest 12, bundled by esbuild to CommonJS',
    write: (folder) => writeTemplate(folder, { devDependencies: { esbuild: '0.27.0' } }),
    build: [
      ['npm', 'run', 'build'],
      [...BUNDLE, '--format=cjs', '--outfile=bundle/main.cjs', ...META_URL, ...OPTIONAL],
    ],
    start: ['node', 'bundle/main.cjs'],
  },
  {
    name: 'Nest 12, a bundle with a second class-transformer',
    write: (folder) => writeTemplate(folder, { devDependencies: { esbuild: '0.27.0' } }),
    build: [
      ['npm', 'run', 'build'],
      // The application's decorators are in the bundle, the library and its class-transformer beside it.
      [
        ...BUNDLE,
        '--format=cjs',
        '--outfile=bundle/main.cjs',
        '--external:nestjs-muck',
        '--external:@nestjs/*',
        '--external:typeorm',
        '--external:reflect-metadata',
        '--external:rxjs',
        ...OPTIONAL,
      ],
    ],
    start: ['node', 'bundle/main.cjs'],
    refuses: /class-transformer/,
  },
  {
    name: 'Nest 12 on tables made manually (schema, prefix, snake_case)',
    write: async (folder) => {
      await writeTemplate(folder, { dependencies: { ...NEST_12, pg: '8.23.1' } });
      await cp(join(FILES, 'src/database.postgres.ts'), join(folder, 'src/database.ts'));
    },
    build: [['npm', 'run', 'build']],
    start: ['node', 'dist/main.js'],
    database: handMadeTables,
  },
  {
    name: 'Nest 11 with @nestjs/typeorm 11 (CommonJS, Jest)',
    write: writeNest11,
    build: [
      ['npm', 'run', 'build'],
      ['npx', 'jest', '--config', 'jest.swc.json'],
      ['npx', 'jest', '--config', 'jest.ts-jest.json'],
      ['npx', 'tsc', '-p', 'tsconfig.node10.json'],
    ],
    start: ['node', 'dist/main.js'],
  },
];
