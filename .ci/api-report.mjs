// @ts-check
// The public surface as text: what each entry point exports, with its types and without comments. `--write` writes it; without, it is compared
// with api-report.d.ts, so that a change of the surface is seen in a review.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const FILE = 'api-report.d.ts';
const ENTRIES = {
  'nestjs-muck': 'lib/index.ts',
  'nestjs-muck/client': 'lib/client/index.ts',
  'nestjs-muck/openapi': 'lib/openapi/index.ts',
  'nestjs-muck/rls': 'lib/rls/index.ts',
  'nestjs-muck/terminus': 'lib/terminus/index.ts',
  'nestjs-muck/testing': 'lib/testing/index.ts',
};

const { config } = ts.readConfigFile('tsconfig.build.json', ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
const program = ts.createProgram(Object.values(ENTRIES), {
  ...options,
  noEmit: false,
  declaration: true,
  emitDeclarationOnly: true,
  sourceMap: false,
  declarationMap: false,
  incremental: false,
});
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });
/** @type {Map<string, ts.SourceFile>} */
const declarations = new Map();

const report = Object.entries(ENTRIES)
  .map(([name, entry]) => `// ${name}\n\n${exportsOf(entry).join('\n\n')}\n`)
  .join('\n');
if (process.argv.includes('--write')) writeFileSync(FILE, report);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== report) {
  console.error(`The public surface is not as ${FILE} says. Look at the change: npm run api && git diff ${FILE}`);
  process.exitCode = 1;
}

/** @param {string} entry @returns {string[]} the declaration of each export, by its name */
function exportsOf(entry) {
  const module = checker.getSymbolAtLocation(/** @type {ts.SourceFile} */ (program.getSourceFile(entry)));
  if (module === undefined) throw new Error(`${entry} exports nothing`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((symbol) => textOf(symbol));
}

/** @param {ts.Symbol} symbol */
function textOf(symbol) {
  const [first] = symbol.declarations ?? [];
  const source = declarationFileOf(first.getSourceFile());
  const found = source.statements.filter(
    (statement) =>
      (ts.isVariableStatement(statement) &&
        statement.declarationList.declarations.some(({ name }) => name.getText(source) === symbol.name)) ||
      ('name' in statement && /** @type {ts.Node} */ (statement.name)?.getText(source) === symbol.name),
  );
  if (found.length === 0) throw new Error(`${symbol.name} is declared in no statement of its own`);
  return found.map((statement) => printer.printNode(ts.EmitHint.Unspecified, statement, source)).join('\n');
}

/** @param {ts.SourceFile} source */
function declarationFileOf(source) {
  let file = declarations.get(source.fileName);
  if (file === undefined) {
    let text = '';
    program.emit(source, (_, content) => (text = content), undefined, true);
    file = ts.createSourceFile(source.fileName, text, ts.ScriptTarget.Latest, true);
    declarations.set(source.fileName, file);
  }
  return file;
}
