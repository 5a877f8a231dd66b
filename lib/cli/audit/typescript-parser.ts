import { createRequire } from 'node:module';
import { join } from 'node:path';
import { attempt } from '../../common/safe-read.js';

/** A node of a syntax tree, as the package `typescript` makes it. */
export interface SyntaxNode {
  readonly kind: number;
  readonly text?: string;
  readonly parent?: SyntaxNode;
  readonly expression?: SyntaxNode;
  readonly name?: SyntaxNode;
  readonly tag?: SyntaxNode;
  readonly head?: SyntaxNode;
  readonly templateSpans?: readonly { readonly literal: SyntaxNode }[];
  readonly arguments?: readonly SyntaxNode[];
  getText(): string;
  getStart(): number;
}

/** The part of the package `typescript` that reads sources. */
export interface TypeScriptParser {
  readonly version: string;
  readonly SyntaxKind: Readonly<Record<string, number>>;
  readonly ScriptTarget: { readonly Latest: number };
  createSourceFile(
    name: string,
    text: string,
    target: number,
    setParents: boolean,
  ): SyntaxNode & { getLineAndCharacterOfPosition(position: number): { readonly line: number } };
  forEachChild(node: SyntaxNode, visit: (child: SyntaxNode) => void): void;
}

/** Loads the application's own `typescript` package; undefined if it has none. */
export function loadTypeScript(folder: string): TypeScriptParser | undefined {
  return attempt(() => createRequire(join(folder, 'package.json'))('typescript') as TypeScriptParser, undefined);
}
