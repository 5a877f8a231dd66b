import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { checkRowSecurity } from '../../rls/check-row-security.js';
import { migrationText } from '../../rls/migration-file.js';
import { proposeReferences } from '../../rls/reference-proposals.js';
import { UsageError } from '../command.js';
import type { Command } from '../command.js';
import { APPLICATION_OPTIONS, APPLICATION_USAGE, withApplication } from '../load-application.js';
import { referenceLines } from '../reference-lines.js';

/** `npx nestjs-muck rls generate`: writes a TypeORM migration for what the database lacks. */
export const rlsGenerate: Command = {
  name: 'rls generate',
  summary: 'writes a TypeORM migration with the row-level security that the database lacks',
  usage: [
    ...APPLICATION_USAGE,
    '-o, --outputJs           writes JavaScript instead of TypeScript',
    '    --esm                makes it an ES module instead of CommonJS',
    '    --dryrun             shows the migration without writing a file',
    '<path>                   path and name, as the TypeORM CLI takes it, e.g. src/migrations/row-security',
  ],
  async run(args, output) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...APPLICATION_OPTIONS,
        outputJs: { type: 'boolean', short: 'o', default: false },
        esm: { type: 'boolean', default: false },
        dryrun: { type: 'boolean', default: false },
      },
    });
    const [path] = positionals;
    if (path === undefined || positionals.length > 1)
      throw new UsageError('Name the migration: rls generate -d dist/data-source.js src/migrations/row-security');
    return withApplication(values, async (dataSource) => {
      const differences = await checkRowSecurity(dataSource);
      for (const line of referenceLines(proposeReferences(dataSource))) output.log(line);
      const open = differences.filter(({ up }) => up.length === 0);
      for (const { table, problems } of open) output.error(`${table} ${problems.join(', ')}`);
      if (open.length === differences.length) {
        output.log('No migration is needed.');
        return open.length === 0 ? 0 : 1;
      }
      const timestamp = Date.now();
      const script = values.esm ? 'esm' : 'commonjs';
      const name = path.split('/').at(-1)!;
      const text = migrationText(differences, className(name, timestamp), values.outputJs ? script : 'ts');
      if (values.dryrun) output.log(text);
      else {
        const file = `${path.slice(0, path.length - name.length)}${timestamp}-${name}.${values.outputJs ? 'js' : 'ts'}`;
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text);
        output.log(`${file} was written.`);
      }
      return open.length === 0 ? 0 : 1;
    });
  },
};

/** TypeORM orders migrations by the timestamp at the end of the class's name. */
function className(name: string, timestamp: number): string {
  const words = name.split(/[^a-zA-Z0-9]+/).filter(Boolean);
  const camel = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  return `${/^[a-zA-Z]/.test(camel) ? camel : `Migration${camel}`}${timestamp}`;
}
