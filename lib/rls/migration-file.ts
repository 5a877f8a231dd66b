import type { TableDifference } from './compare-security.js';

/** The language of a migration's file: TypeScript, or JavaScript as an ES module or CommonJS. */
export type MigrationLanguage = 'ts' | 'esm' | 'commonjs';

/**
 * Returns the text of a TypeORM migration.
 *
 * @param className name of the class, which ends with the timestamp
 * @param language of the file
 */
export function migrationText(
  differences: readonly TableDifference[],
  className: string,
  language: MigrationLanguage,
): string {
  const up = differences.flatMap((difference) => difference.up);
  const down = [...differences].reverse().flatMap((difference) => difference.down);
  const isTyped = language === 'ts';
  const method = (name: string, statements: readonly string[]): string =>
    [
      `  async ${name}(queryRunner${isTyped ? ': QueryRunner' : ''})${isTyped ? ': Promise<void>' : ''} {`,
      ...statements.map((statement) => `    await queryRunner.query(${templateLiteral(statement)});`),
      '  }',
    ].join('\n');
  return [
    ...(isTyped ? ["import type { MigrationInterface, QueryRunner } from 'typeorm';", ''] : []),
    '/** Row-level security as the entities declare it: npx nestjs-muck rls generate */',
    `${language === 'commonjs' ? 'module.exports =' : 'export'} class ${className}${isTyped ? ' implements MigrationInterface' : ''} {`,
    `  name = '${className}';`,
    '',
    method('up', up),
    '',
    method('down', down),
    '}',
    '',
  ].join('\n');
}

function templateLiteral(text: string): string {
  return `\`${text.replaceAll(/[\\`]|\$\{/g, '\\$&')}\``;
}
