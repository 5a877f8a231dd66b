import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { EQUIVALENT } from '../mutation/equivalent.mjs';

/** Source text on one line, however it is broken into lines. */
function onOneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/([([{]) /g, '$1')
    .replaceAll(/,? ([)\]}])/g, '$1')
    .trim();
}

it('each mutant that is listed as equivalent changes a line that its file has', async () => {
  const stale: string[] = [];
  for (const { file, from } of EQUIVALENT) {
    const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    // A comma at the end of a line may be the last one of its list.
    if (!onOneLine(source).includes(onOneLine(from).replace(/,$/, ''))) stale.push(`${file}: ${from}`);
  }

  expect(stale).toEqual([]);
});
