import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { DataSource } from 'typeorm';
import { dialectOf } from '../../orm/policy/dialect.js';
import { PolicyRegistry } from '../../orm/policy/policy-registry.js';
import type { CliOutput, Command } from '../command.js';
import { UsageError } from '../command.js';
import { APPLICATION_OPTIONS, APPLICATION_USAGE, loadApplication } from '../load-application.js';
import { auditEntities, auditIndexes, auditUniqueKeys, loadMetadata } from './audit-entities.js';
import { findingsOf, formatReport, RULES } from './audit-report.js';
import type { AuditReport, SourcePlace } from './audit-report.js';
import { auditRoutes, findControllers } from './audit-routes.js';
import { auditSql } from './audit-sql.js';
import { baselineLine, compareWithBaseline, writeBaseline } from './baseline.js';
import { scanSource } from './scan-source.js';
import type { ScannedSource } from './scan-source.js';
import { toSarif } from './sarif.js';
import { loadTypeScript } from './typescript-parser.js';

const OPTIONS = {
  ...APPLICATION_OPTIONS,
  source: { type: 'string', short: 's', multiple: true },
  json: { type: 'boolean' },
  sarif: { type: 'boolean' },
  baseline: { type: 'string' },
  'update-baseline': { type: 'boolean' },
} as const;

/** `npx nestjs-muck audit`: how every entity and route of an application is scoped. */
export const auditCommand: Command = {
  name: 'audit',
  summary: 'lists how each entity and route is scoped, and what is not',
  usage: [
    ...APPLICATION_USAGE,
    '-s, --source <folder>    folder of TypeScript files to search for unscoped code and raw SQL. Default: src',
    '--json                   prints the report as JSON',
    '--sarif                  prints the findings as SARIF 2.1.0',
    '--baseline <file>        accepts the findings of this file, and fails on others',
    '--update-baseline        writes the findings to that file',
  ],
  async run(args, output) {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    if (values.json === true && values.sarif === true) throw new UsageError('Choose one of --json and --sarif');
    if (values['update-baseline'] === true && values.baseline === undefined)
      throw new UsageError('--update-baseline needs --baseline <file>');
    const dataSource = await loadApplication(values);
    const exported = await exportsOf(values.module ?? []);
    const report = await audit(dataSource, exported, values.source ?? ['src']);
    const findings = findingsOf(report);
    if (values['update-baseline'] === true) writeBaseline(values.baseline!, findings);
    const difference = values.baseline === undefined ? undefined : compareWithBaseline(values.baseline, findings);
    if (values.json === true) output.log(JSON.stringify(report, undefined, 2));
    else if (values.sarif === true) output.log(JSON.stringify(toSarif(findings, difference?.added), undefined, 2));
    else for (const line of formatReport(report)) output.log(line);

    const failures = difference?.added ?? findings.filter(({ rule }) => RULES[rule].level === 'error');
    report.notAudited.forEach((line) => output.error(`not audited: ${line}`));
    printDifference(output, values.baseline, difference?.removed ?? [], failures.map(baselineLine));
    return failures.length > 0 ? 1 : 0;
  },
};

/** Audits an application without creating its providers or connecting to its database. */
async function audit(
  dataSource: DataSource,
  exported: readonly unknown[],
  folders: readonly string[],
): Promise<AuditReport> {
  const metadatas = await loadMetadata(dataSource);
  const policies = new PolicyRegistry(dataSource);
  const notAudited: string[] = [];
  const source = scan(folders, notAudited);
  const controllers = await findControllers(exported);
  if (controllers.size === 0) notAudited.push('routes: no file of --module exports a module with controllers');
  const placeOf = (name: string): { place?: SourcePlace } => {
    const place = source?.classes.get(name);
    return place === undefined ? {} : { place };
  };
  return {
    entities: auditEntities(metadatas, policies).map((entity) => ({ ...entity, ...placeOf(entity.name) })),
    routes: auditRoutes(controllers).map((route) => ({ ...route, ...placeOf(route.handler.split('.')[0]) })),
    uses: source?.uses ?? [],
    rawSql: auditSql(source?.sql ?? [], policies, dialectOf(dataSource)),
    uniqueKeys: auditUniqueKeys(metadatas, policies),
    missingIndexes: auditIndexes(metadatas, policies),
    notAudited,
  };
}

function scan(folders: readonly string[], notAudited: string[]): ScannedSource | undefined {
  const typescript = loadTypeScript(process.cwd());
  if (typescript === undefined) {
    notAudited.push('the source: the application has no package typescript, which reads it');
    return undefined;
  }
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new UsageError(`There is no folder ${missing}. Name the sources: --source <folder>`);
  return scanSource(folders, typescript);
}

async function exportsOf(files: readonly string[]): Promise<unknown[]> {
  const modules = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(resolve(file)).href)) as Readonly<Record<string, unknown>>),
  );
  return modules.flatMap((exported) => Object.values({ ...(exported.default as object | undefined), ...exported }));
}

function printDifference(
  output: CliOutput,
  baseline: string | undefined,
  removed: readonly string[],
  failures: readonly string[],
): void {
  if (removed.length > 0)
    output.error(`${removed.length} lines of ${baseline} are no longer needed: --update-baseline`);
  if (failures.length === 0) return;
  output.error(baseline === undefined ? 'The audit fails:' : `Wider than ${baseline}:`);
  for (const line of failures) output.error(`  ${line}`);
}
