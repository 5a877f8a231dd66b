// Mutation testing of the two folders on which isolation rests: npm run test:mutation
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['lib/orm/**/*.ts', 'lib/tenancy/**/*.ts'],
  // The tests stay loaded from one mutant to the next: with Jest each would cost seconds.
  plugins: ['./test/mutation/runner.mjs', './test/mutation/ignore-wording.mjs', './test/mutation/progress.mjs'],
  testRunner: 'hot',
  coverageAnalysis: 'perTest',
  concurrency: Number(process.env['TEST_CONCURRENCY'] ?? 2),
  timeoutMS: 20_000,
  // Text is mutated, since SQL is made of it, except what words an error or a line of the log.
  ignorers: ['wording'],
  ignorePatterns: ['dist', '.data', 'reports', 'sample/*/dist', 'coverage'],
  reporters: ['as-they-come', 'json'],
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  tempDirName: '.stryker-tmp',
};
