// @ts-check
import { PluginKind } from '@stryker-mutator/api/plugin';

/** Functions of lib/ that are handed the words of a refusal, by the place of these among their arguments. */
/** @type {Readonly<Record<string, number>>} */
const WORDED = { problem: 1, refused: 0, checkBuilderText: 2, assertBalancedFragment: 2, assertSingleExpression: 2 };

/**
 * What is worded, not decided: what errors, the log and refusals say. All other text is mutated, since SQL is made of it.
 *
 * @param {any} path a Babel node path
 * @returns {string | undefined} why the mutants of this node are left out
 */
function shouldIgnore(path) {
  const { parent, parentPath, node } = path;
  const isText = node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
  if (path.listKey === 'arguments') {
    const { callee } = parent;
    if (parentPath.isNewExpression() && /Error$/.test(callee.name ?? '')) return 'words of an error';
    if (parentPath.isNewExpression() && callee.name === 'Logger') return 'words of the log';
    if (callee.name in WORDED && WORDED[callee.name] === path.key) return 'words of a refusal';
    const on = callee.type === 'MemberExpression' && (callee.object.name ?? callee.object.property?.name);
    if (/^(logger|log)$/i.test(on || '')) return 'words of the log';
  }
  // What is wrong with a statement is given back as a sentence about it.
  if (isText && textOf(node).startsWith('it ')) return 'words of a refusal';
  return undefined;
}

/** @param {any} node */
function textOf(node) {
  return node.type === 'StringLiteral' ? node.value : node.quasis[0].value.raw;
}

export const strykerPlugins = [{ kind: PluginKind.Ignore, name: 'wording', value: { shouldIgnore } }];
