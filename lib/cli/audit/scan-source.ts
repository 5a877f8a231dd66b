import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { AuditedUse, SourcePlace } from './audit-report.js';
import type { SyntaxNode, TypeScriptParser } from './typescript-parser.js';

/** A statement of raw SQL in the source. */
export interface SourceSql extends SourcePlace {
  /** Its text, with `NULL` for values within a template; undefined if it is not a literal. */
  readonly sql: string | undefined;
  /** True within `unscoped('why', fn)` and a method with `@Unscoped('why')`. */
  readonly isUnscoped: boolean;
}

/** What the sources of an application say about tenants. */
export interface ScannedSource {
  readonly uses: readonly AuditedUse[];
  readonly sql: readonly SourceSql[];
  /** Where each class is declared. */
  readonly classes: ReadonlyMap<string, SourcePlace>;
}

const KINDS: Readonly<Record<string, AuditedUse['kind']>> = {
  unscoped: 'unscoped',
  shareTransaction: 'shareTransaction',
  Unscoped: '@Unscoped',
  CrossTenant: '@CrossTenant',
};

/** Reads the TypeScript files of folders. Migrations are left out: they change the tables of all tenants. */
export function scanSource(folders: readonly string[], typescript: TypeScriptParser): ScannedSource {
  const uses: AuditedUse[] = [];
  const sql: SourceSql[] = [];
  const classes = new Map<string, SourcePlace>();
  for (const file of folders.flatMap(filesIn)) {
    const text = readFileSync(file, 'utf8');
    if (!/unscoped|CrossTenant|shareTransaction|query\(|class /i.test(text)) continue;
    scanFile(file, text, typescript, { uses, sql, classes });
  }
  return { uses, sql, classes };
}

interface Found {
  readonly uses: AuditedUse[];
  readonly sql: SourceSql[];
  readonly classes: Map<string, SourcePlace>;
}

function scanFile(path: string, text: string, typescript: TypeScriptParser, found: Found): void {
  const { SyntaxKind } = typescript;
  const source = typescript.createSourceFile(path, text, typescript.ScriptTarget.Latest, true);
  const file = relative(process.cwd(), path).split(sep).join('/');
  const isMigration = text.includes('MigrationInterface');
  const placeOf = (node: SyntaxNode): SourcePlace => ({
    file,
    line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
  });
  const literalOf = (node: SyntaxNode | undefined): string | undefined => {
    if (node?.kind === SyntaxKind.StringLiteral || node?.kind === SyntaxKind.NoSubstitutionTemplateLiteral)
      return node.text;
    if (node?.kind !== SyntaxKind.TemplateExpression) return undefined;
    return [node.head!.text, ...node.templateSpans!.map(({ literal }) => literal.text)].join(' NULL ');
  };
  const visit = (node: SyntaxNode, isUnscoped: boolean): void => {
    let inside = isUnscoped;
    if (node.kind === SyntaxKind.ClassDeclaration && node.name?.text !== undefined)
      found.classes.set(node.name.text, placeOf(node.name));
    if (node.kind === SyntaxKind.MethodDeclaration && /@Unscoped\(/.test(node.getText().split('{')[0])) inside = true;
    if (node.kind === SyntaxKind.CallExpression) {
      const [first, second] = node.arguments ?? [];
      const isProperty = node.expression?.kind === SyntaxKind.PropertyAccessExpression;
      const name = isProperty ? node.expression?.name?.text : node.expression?.text;
      const isDecorator = node.parent?.kind === SyntaxKind.Decorator;
      const kind = Object.hasOwn(KINDS, name ?? '') ? KINDS[name!] : undefined;
      if (kind !== undefined && isProperty !== isDecorator) {
        const why = literalOf(kind === 'shareTransaction' ? second : first);
        const entities = second?.kind === SyntaxKind.ObjectLiteralExpression ? second.getText() : undefined;
        found.uses.push({ kind, why, ...placeOf(node), ...(entities !== undefined && { entities }) });
        inside ||= kind === 'unscoped';
      }
      if (name === 'query' && isProperty && first !== undefined && !isMigration) {
        const literal = literalOf(first);
        found.sql.push({ sql: literal, isUnscoped: inside, ...placeOf(node) });
      }
    }
    typescript.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, false);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.d|\.spec|\.test)\.[cm]?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.split(sep).includes('node_modules'))
    .sort();
}
