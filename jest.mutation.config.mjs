import base from './jest.config.mjs';

/** The tests of isolation that need no server: a mutant is tried in well under a second. */
export default {
  ...base,
  testMatch: [
    '<rootDir>/test/attacks/**/*.spec.ts',
    '<rootDir>/test/boot/**/*.spec.ts',
    '<rootDir>/test/isolation/{data-sources,sqlite-transactions,resolvers,controllers-only,flask-muck-views}.spec.ts',
  ],
  reporters: ['default'],
};
