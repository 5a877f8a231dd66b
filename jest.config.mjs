import { application, library, librarySources } from './swc.config.mjs';

/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/lib', '<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  // Applications of their own, with test runners of their own.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/test/compatibility/[^/]+/files/',
    '/test/compatibility/large-application/',
  ],
  // A watchdog, no measure: the machine may have other work.
  testTimeout: 120_000,
  maxWorkers: 2,
  // Each file leaves its modules in memory. A worker that has grown so is replaced.
  workerIdleMemoryLimit: '1GB',
  testEnvironment: '<rootDir>/test/support/node-environment.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // For the audit of all statements, which has a real parser: see CONTRIBUTING.md.
  setupFilesAfterEnv: process.env.TEST_STATEMENTS ? ['<rootDir>/test/support/record-statements.ts'] : [],
  // The databases first, so that the output ends with the counts.
  reporters: ['<rootDir>/test/support/databases-reporter.mjs', 'default'],

  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
  moduleNameMapper: {
    '^nestjs-muck$': '<rootDir>/lib/index.ts',
    '^nestjs-muck/openapi$': '<rootDir>/lib/openapi/index.ts',
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

  collectCoverageFrom: ['lib/**/*.ts'],
  // Babel would count the type checks in decorator metadata as branches.
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
};
