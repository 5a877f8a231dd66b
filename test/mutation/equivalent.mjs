// @ts-check

/**
 * Mutants that change neither what SQL is sent nor whether it is refused, by the source lines that they change, before and after, on one
 * line. Before one is listed: what would a test look like that tells them apart?
 *
 * @type {readonly { file: string, from: string, to: string, why: string, times?: number }[]}
 */
export const EQUIVALENT = [
  ...same('lib/orm/authority.ts', 'Only told apart from other keys, and none of those reads so.', [
    ["if (section === undefined) return '';", 'if (section === undefined) return "Stryker was here!";'],
  ]),
  ...same('lib/orm/policies.ts', 'What is remembered is worked out again, with the same result.', [
    ['if (known !== undefined) return known;', 'if (false) return known;'],
    [
      "if (policy.kind !== 'undeclared') this.policies.set(metadata, policy);",
      'if (false) this.policies.set(metadata, policy);',
    ],
    ['if (text === undefined) {', 'if (true) {'],
  ]),
  ...same('lib/orm/policies.ts', 'How much is remembered.', [
    ['if (texts.size >= REMEMBERED) texts.clear();', 'if (true) texts.clear();'],
    ['if (texts.size >= REMEMBERED) texts.clear();', 'if (false) texts.clear();'],
    ['if (texts.size >= REMEMBERED) texts.clear();', 'if (texts.size > REMEMBERED) texts.clear();'],
    ['if (texts.size >= REMEMBERED) texts.clear();', 'if (texts.size < REMEMBERED) texts.clear();'],
  ]),
];

/**
 * @param {string} file
 * @param {string} why
 * @param {[from: string, to: string][]} changes
 */
function same(file, why, changes) {
  return changes.map(([from, to]) => ({ file, from, to, why }));
}
