import js from '@eslint/js';
import prettier from 'eslint-config-prettier/flat';
import { defineConfig } from 'eslint/config';
import jsdoc from 'eslint-plugin-jsdoc';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default defineConfig(
  {
    ignores: [
      'api-report.d.ts',
      '**/dist/',
      'coverage/',
      'reports/',
      '.data/',
      '.stryker-tmp/',
      'test/compatibility/*/files/',
      'benchmark/applications/{dataui-crud,nestjs-paginate}/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      // One project for everything: the samples are linted against lib's sources, so linting needs no build.
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['lib/**/*.ts'],
    plugins: { jsdoc },
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { ClassDeclaration: true, FunctionDeclaration: true },
          contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'],
          checkConstructors: false,
          enableFixer: false,
        },
      ],
      'jsdoc/require-description': [
        'error',
        { contexts: ['ClassDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration'] },
      ],
      'jsdoc/check-param-names': ['error', { checkDestructured: false, disableMissingParamChecks: true }],
      // Nest and TypeORM hand classes and handlers about as `Function`, abstract ones and such with private constructors too.
      '@typescript-eslint/no-unsafe-function-type': 'off',
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/common/peer-internals.ts', 'lib/common/class-transformer-storage.d.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(typeorm|class-transformer|class-validator|@nestjs/[a-z]+)/',
              message:
                'Export it from lib/common/peer-internals.ts, which holds all that a new version of a peer may break.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // supertest types a response body as `any`; the expectation checks what a test reads from it.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // Tests put methods aside to put something in their place.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-imports': [
        'error',
        { paths: [{ name: '@jest/globals', importNames: ['test'], message: 'Use `it`: a test has one name.' }] },
      ],
    },
  },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: globals.node } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: globals.node } },
  { files: ['sample/*/web/**/*.js'], languageOptions: { globals: globals.browser } },
  prettier,
  // After prettier's rules, which turn it off: prettier does not wrap comments.
  { files: ['lib/**/*.ts'], rules: { 'max-len': ['error', { code: 1000, comments: 120, ignoreUrls: true }] } },
);
