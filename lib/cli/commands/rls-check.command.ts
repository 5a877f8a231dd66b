import { parseArgs } from 'node:util';
import { checkRowSecurity } from '../../rls/check-row-security.js';
import { proposeReferences } from '../../rls/reference-proposals.js';
import type { Command } from '../command.js';
import { APPLICATION_OPTIONS, APPLICATION_USAGE, withApplication } from '../load-application.js';
import { referenceLines } from '../reference-lines.js';

/** `npx nestjs-muck rls check`: fails if the database's row-level security is not as declared. */
export const rlsCheck: Command = {
  name: 'rls check',
  summary: 'compares the row-level security of the database with the entities; exits with 1 if they differ',
  usage: [...APPLICATION_USAGE, '--json                   writes the differences as JSON'],
  async run(args, output) {
    const { values } = parseArgs({ args: [...args], options: { ...APPLICATION_OPTIONS, json: { type: 'boolean' } } });
    return withApplication(values, async (dataSource) => {
      const differences = await checkRowSecurity(dataSource);
      const references = proposeReferences(dataSource);
      if (values.json === true) output.log(JSON.stringify({ differences, references }, undefined, 2));
      else {
        for (const { table, problems } of differences)
          for (const problem of problems) output.error(`${table} ${problem}`);
        for (const line of referenceLines(references)) output.log(line);
        if (differences.length > 0) output.error('Write a migration: npx nestjs-muck rls generate');
        else output.log('The row-level security of the database is as declared.');
      }
      return differences.length === 0 ? 0 : 1;
    });
  },
};
