import type { Case } from './shrink.js';

/** Writes a case as a test that fails as long as it shows what it has shown. */
export function testOf({ model, steps, finding }: Case): string {
  const detail = finding.detail.split('\n').map((line) => ` * ${line.replaceAll('*/', '* /')}`);
  return `import { expect, it } from '@jest/globals';
import type { Model } from '../model.js';
import { playAll } from '../player.js';
import type { Step } from '../steps.js';

/*
 * ${finding.kind}:
${detail.join('\n')}
 */

const MODEL: Model = ${JSON.stringify(model, undefined, 2)};

const STEPS: readonly Step[] = ${JSON.stringify(steps, undefined, 2)};

it('two databases that differ in the rows of others give the same', async () => {
  expect(await playAll(MODEL, STEPS)).toBeUndefined();
});
`;
}
