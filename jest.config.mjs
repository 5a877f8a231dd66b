import { application, library, librarySources } from './swc.config.mjs';

// A watchdog, no measure: the machine may have other work.
const testTimeout = 120_000;

/** @type {import('jest').Config} */
const common = {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/lib', '<rootDir>/test'],
  testTimeout,
  testEnvironment: '<rootDir>/test/support/node-environment.mjs',
  // For the audit of all statements, which has a real parser: see CONTRIBUTING.md.
  setupFilesAfterEnv: process.env.TEST_STATEMENTS ? ['<rootDir>/test/support/record-statements.ts'] : [],

  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
  moduleNameMapper: {
    '^nestjs-muck$': '<rootDir>/lib/index.ts',
    '^nestjs-muck/(client|openapi|rls|terminus|testing)$': '<rootDir>/lib/$1/index.ts',
    // TypeScript names the file that will be emitted.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // @fastify/static, which is CommonJS, requires this ES module. Node can do that, Jest on Node 20 cannot.
  transformIgnorePatterns: ['/node_modules/(?!(.*/)?content-disposition/)'],
  transform: {
    '/content-disposition/.+\\.js$': ['@swc/jest', { swcrc: false, module: { type: 'commonjs' } }],
    [librarySources]: ['@swc/jest', library],
    '^.+\\.ts$': ['@swc/jest', application],
  },
};

/** The tests that need no server: `npm run test:unit`. */
const unit = { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.spec.ts'] };

/** All others, before which the servers are looked for or started. */
export const databases = {
  ...common,
  displayName: 'databases',
  testMatch: ['<rootDir>/test/!(unit)/**/*.spec.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    // Applications of their own, with test runners of their own.
    '/test/compatibility/[^/]+/files/',
    '/test/compatibility/large-application/',
  ],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};

/** @type {import('jest').Config} */
export default {
  projects: [unit, databases],
  testTimeout,
  maxWorkers: 2,
  // Each file leaves its modules in memory. A worker that has grown so is replaced.
  workerIdleMemoryLimit: '1GB',
  // The databases first, so that the output ends with the counts.
  reporters: ['<rootDir>/test/support/databases-reporter.mjs', 'default'],

  collectCoverageFrom: ['lib/**/*.ts'],
  // Babel would count the type checks in decorator metadata as branches.
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
};
