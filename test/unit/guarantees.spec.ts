import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
const TESTS = join(ROOT, 'test');
const ID = /\bG-\d+\b/g;
/** The functions whose first argument, or that of what they return, is the title of a `describe`. */
const DESCRIBES = /^(describe|describeEach|attacks|attacksAlone|promises|allowed)\b/;

const idsIn = (text: string): string[] => text.match(ID) ?? [];
const idsInFile = (name: string): string[] => idsIn(readFileSync(join(ROOT, name), 'utf8'));

/** The ids in the titles of a spec's describes. */
function idsOfDescribes(source: string): string[] {
  const file = ts.createSourceFile('spec.ts', source, ts.ScriptTarget.Latest);
  const ids: string[] = [];
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) && node.arguments[0];
    if (title && DESCRIBES.test(source.slice(node.getStart(file), node.end)))
      if (ts.isStringLiteralLike(title)) ids.push(...idsIn(title.text));
      else if (ts.isTemplateExpression(title)) ids.push(...idsIn(title.head.text));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return ids;
}

const specs = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.spec.ts') && join(TESTS, name) !== import.meta.filename)
  .map((name): [name: string, source: string] => [name, readFileSync(join(TESTS, name), 'utf8')]);
const listed = [...readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').matchAll(/^\| (G-\d+) \|/gm)].map(([, id]) => id);
const held = new Map(
  specs.filter(([, source]) => idsIn(source).length > 0).map(([name, source]) => [name, idsOfDescribes(source)]),
);

describe('the guarantees of SECURITY.md', () => {
  it('have ids that differ', () => {
    expect(listed).not.toEqual([]);
    expect(listed).toEqual([...new Set(listed)]);
  });

  it.each(listed)('%s stands in the title of a describe', (id) => {
    expect([...held.values()].flat()).toContain(id);
  });

  it('are the only ones that the title of a describe names', () => {
    const unknown = [...held].flatMap(([name, ids]) =>
      ids.filter((id) => !listed.includes(id)).map((id) => [name, id]),
    );
    expect(unknown).toEqual([]);
  });

  it('are the only ones that README.md names, and it names each', () => {
    expect([...new Set(idsInFile('README.md'))].sort()).toEqual([...listed].sort());
  });
});
