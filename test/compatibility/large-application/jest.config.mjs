// @ts-check
import root from '../../../jest.config.mjs';

/** The large application takes minutes, and is tried by itself: `npm run test:large-application`. */
export default {
  ...root,
  rootDir: '../../..',
  roots: ['<rootDir>/test/compatibility/large-application'],
  testPathIgnorePatterns: ['/node_modules/'],
};
