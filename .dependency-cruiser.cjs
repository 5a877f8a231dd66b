// Imports go one way: startup → rls → orm; index → muck.module → startup → options → crud → orm → tenancy → errors, common, openapi → crud, testing → openapi, and options, terminus → observability → orm; cli → any but muck.module and the entry points, and nothing imports it; client is on its own; no two folders of lib import each other.
const { peerDependencies } = require('./package.json');

const peers = `^node_modules/(${Object.keys(peerDependencies).join('|')})/`;

/** Forbids files under `from` every file of lib but those under `to`. */
const mayOnlyImport = (from, to) => ({
  name: `direction-${from.replace(/\W+/g, '-')}`,
  comment: `lib/${from} may import only ${to.map((folder) => `lib/${folder}`).join(', ')} and peer dependencies.`,
  severity: 'error',
  from: { path: `^lib/${from}/` },
  to: { path: '^lib/', pathNot: to.map((folder) => `^lib/${folder}/`) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'the-lowest-layers-import-nothing',
      comment: 'Every layer may use them, so they depend on nothing.',
      severity: 'error',
      from: { path: '^lib/(common|errors)/', pathNot: '^lib/common/peer-internals\\.ts$' },
      to: {},
    },
    {
      name: 'peer-internals-import-only-peers',
      severity: 'error',
      from: { path: '^lib/common/peer-internals\\.ts$' },
      to: { path: '^lib/', pathNot: '\\.d\\.ts$' },
    },
    {
      name: 'the-client-stands-alone',
      comment: 'It runs in browsers: neither a package nor a module of Node, and nothing of the server.',
      severity: 'error',
      from: { path: '^lib/client/' },
      to: { pathNot: '^lib/client/' },
    },
    mayOnlyImport('tenancy', ['tenancy', 'errors', 'common']),
    mayOnlyImport('orm', ['orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('crud', ['crud', 'orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('observability', ['observability', 'orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('terminus', ['terminus', 'observability', 'orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('options', ['options', 'observability', 'crud', 'orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('startup', [
      'startup',
      'options',
      'observability',
      'crud',
      'rls',
      'orm',
      'tenancy',
      'errors',
      'common',
    ]),
    mayOnlyImport('rls', ['rls', 'orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('testing', ['testing', 'openapi', 'crud', 'orm', 'tenancy', 'errors', 'common']),
    mayOnlyImport('openapi', ['openapi', 'crud', 'orm', 'tenancy', 'errors', 'common']),
    {
      name: 'nothing-imports-the-command-line',
      comment: 'Its commands are a way in, beside index.ts.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/cli/' },
      to: { path: '^lib/cli/' },
    },
    {
      name: 'direction-muck-module',
      comment: 'The module, and the files beside it that belong to it, wire the layers and know no entry point.',
      severity: 'error',
      from: { path: '^lib/[^/]+\\.ts$', pathNot: '^lib/index\\.ts$' },
      to: {
        path: '^lib/',
        pathNot: [
          '^lib/(startup|options|observability|openapi|crud|orm|tenancy|errors|common)/',
          '^lib/(?!index)[^/]+\\.ts$',
        ],
      },
    },
    {
      name: 'no-layer-imports-an-entry-point',
      comment:
        'index.ts of lib, client, openapi, rls, terminus and testing are ways in for applications; nothing inside lib may depend on them.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^lib/((client|openapi|rls|terminus|testing)/)?index\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'Type-only cycles count: they hide a concept that belongs to a file of its own.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true },
    },
    {
      name: 'no-folder-cycles',
      comment: 'At every level: of two folders one may know the other.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^lib/' },
      to: { circular: true },
    },
    {
      name: 'lib-stands-alone',
      comment: 'What is published may not need what is not.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { pathNot: ['^lib/', '^node_modules/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'lib-imports-only-peers',
      comment: 'There are no runtime dependencies: a package that lib needs is a peer dependency.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^node_modules/', pathNot: peers },
    },
    {
      name: 'swagger-is-optional',
      comment: 'Its documents are read and completed, by their form; the package need not be installed.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^node_modules/@nestjs/swagger/' },
    },
    {
      name: 'sample-imports-the-package-by-name',
      comment: 'A sample shows what an application can do: it has nestjs-muck and nothing beneath it.',
      severity: 'error',
      from: { path: '^sample/' },
      to: { path: '^(lib|dist|test|benchmark)/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'samples-stand-alone',
      severity: 'error',
      from: { path: '^sample/([^/]+)/' },
      to: { path: '^sample/', pathNot: '^sample/$1/' },
    },
    {
      name: 'resolvable',
      comment:
        'The page of the sample imports nestjs-muck/client from where the sample serves it, and a test of the built sample imports the build.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(/assets/client|\\.\\./dist)/' },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)(node_modules|dist)/' },
    exclude: { path: ['^sample/[^/]+/dist/', '^test/compatibility/[^/]+/files/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
