// @ts-check
import { join, relative } from 'node:path';
import ts from 'typescript';

/** Comments that silence the compiler. */
const SILENCED = /@ts-(?:ignore|expect-error|nocheck)/;

/** Whether a node is the name of a value: not one in a type, such as a member of a tuple. @param {ts.Node} node */
function isValue(node) {
  return ts.isIdentifier(node) && !ts.isTypeNode(node.parent) && !ts.isNamedTupleMember(node.parent);
}

/**
 * Finds where a program overrules the types of a generated client: casts, non-null assertions, comments that silence the compiler, and values of
 * the type any, which a generator may have made.
 *
 * @param {string} folder with a tsconfig.json
 * @param {string[]} files of the program, without generated ones
 * @returns {string[]} a line for each
 */
export function findCasts(folder, files) {
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const program = ts.createProgram(fileNames, options);
  const checker = program.getTypeChecker();
  return files.flatMap((file) => {
    const source = program.getSourceFile(join(folder, file));
    if (source === undefined) throw new Error(`${file} is not part of the program`);
    /** @type {string[]} */
    const found = SILENCED.test(source.text) ? [`${file} silences the compiler`] : [];
    /** @param {ts.Node} node @param {string} what */
    const note = (node, what) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(`${relative(folder, source.fileName)}:${line + 1} ${what}: ${node.getText(source)}`);
    };
    /** @param {ts.Node} node */
    const visit = (node) => {
      if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) note(node, 'a cast');
      else if (ts.isNonNullExpression(node)) note(node, 'a non-null assertion');
      else if (node.kind === ts.SyntaxKind.AnyKeyword) note(node, 'any');
      else if (isValue(node) && checker.getTypeAtLocation(node).flags & ts.TypeFlags.Any) note(node, 'is any');
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}
