// @ts-check
import root, { databases } from '../../../jest.config.mjs';

/** The large application takes minutes, and is tried by itself: `npm run test:large-application`. */
export default {
  testTimeout: root.testTimeout,
  maxWorkers: root.maxWorkers,
  workerIdleMemoryLimit: root.workerIdleMemoryLimit,
  reporters: root.reporters,
  ...databases,
  roots: ['<rootDir>/test/compatibility/large-application'],
  testPathIgnorePatterns: ['/node_modules/'],
};
