// @ts-check
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const packageFolder = dirname(createRequire(import.meta.url).resolve('typeorm'));

/** The classes whose public methods a run must call, and where their declarations are. */
const CLASSES = {
  EntityManager: 'entity-manager/EntityManager',
  Repository: 'repository/Repository',
  TreeRepository: 'repository/TreeRepository',
  QueryBuilder: 'query-builder/QueryBuilder',
  SelectQueryBuilder: 'query-builder/SelectQueryBuilder',
  InsertQueryBuilder: 'query-builder/InsertQueryBuilder',
  UpdateQueryBuilder: 'query-builder/UpdateQueryBuilder',
  DeleteQueryBuilder: 'query-builder/DeleteQueryBuilder',
  SoftDeleteQueryBuilder: 'query-builder/SoftDeleteQueryBuilder',
  RelationQueryBuilder: 'query-builder/RelationQueryBuilder',
};

/** Methods that no run calls, and why. */
export const NOT_CALLED = {
  'EntityManager.getMongoRepository': 'for MongoDB alone',
  'EntityManager.release': 'releases the query runner of a manager that was made for one',
  'QueryBuilder.registerQueryBuilderClass': 'replaces the builders of the whole process: test/security',
  'SelectQueryBuilder.timeTravelQuery': 'for CockroachDB alone',
  'SelectQueryBuilder.fromDummy': 'reads no table',
  'SelectQueryBuilder.concatRelationMetadata': 'only adds to what TypeORM notes about joins',
  'SelectQueryBuilder.getQuery': 'called by every select; as QueryBuilder.getQuery where it is asked for alone',
};

/**
 * The public methods of TypeORM's managers, repositories and builders, as the installed declarations have them.
 *
 * @returns {string[]} as `Repository.find`
 */
export function ormMethods() {
  return Object.entries(CLASSES).flatMap(([name, file]) => {
    const path = join(packageFolder, `${file}.d.ts`);
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    /** @type {Set<string>} */
    const found = new Set();
    source.forEachChild((node) => {
      if (!ts.isClassDeclaration(node) || node.name?.text !== name) return;
      for (const member of node.members) {
        const hidden = ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
        if (ts.isMethodDeclaration(member) && !hidden) found.add(`${name}.${member.name.getText()}`);
      }
    });
    if (found.size === 0) throw new Error(`${path} declares no methods of ${name}.`);
    return [...found];
  });
}
