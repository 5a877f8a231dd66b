import { describe, expect, it } from '@jest/globals';
import { parseArgs } from 'node:util';
import { UsageError } from '../../../lib/cli/command.js';
import type { Command } from '../../../lib/cli/command.js';
import { runCli } from '../../../lib/cli/run-cli.js';

const count: Command = {
  name: 'count rows',
  summary: 'counts rows',
  usage: ['--limit <number>  the most rows to count'],
  run(args, output) {
    const { values } = parseArgs({ args: [...args], options: { limit: { type: 'string' } } });
    if (values.limit === '0') throw new UsageError('--limit is at least 1');
    if (values.limit === undefined) return Promise.reject(new Error('no connection'));
    output.log(`counted ${values.limit}`);
    return Promise.resolve(values.limit === '7' ? 1 : 0);
  },
};

async function run(...args: string[]) {
  const log: string[] = [];
  const errors: string[] = [];
  const output = { log: (line: string) => void log.push(line), error: (line: string) => void errors.push(line) };
  const exitCode = await runCli(args, [count], output);
  return { exitCode, log: log.join('\n'), errors: errors.join('\n') };
}

describe('The command line', () => {
  it('runs the command that the arguments name, and returns its exit code', async () => {
    expect(await run('count', 'rows', '--limit', '3')).toEqual({ exitCode: 0, log: 'counted 3', errors: '' });
    expect((await run('count', 'rows', '--limit=7')).exitCode).toBe(1);
  });

  it('lists its commands when it is called without one, or with --help', async () => {
    for (const args of [[], ['--help']]) {
      const { exitCode, log } = await run(...args);
      expect([exitCode, log]).toEqual([0, expect.stringContaining('count rows  counts rows')]);
    }
  });

  it('exits with 2 for an unknown command, an unknown option and a wrong value, and shows what there is', async () => {
    expect(await run('count')).toMatchObject({ exitCode: 2, errors: expect.stringContaining('count rows') });
    for (const wrong of ['--unknown', '--limit=0'])
      expect(await run('count', 'rows', wrong)).toMatchObject({
        exitCode: 2,
        errors: expect.stringContaining('--limit <number>'),
      });
  });

  it('shows the options of a command with --help, without running it', async () => {
    expect(await run('count', 'rows', '--help')).toMatchObject({
      exitCode: 0,
      log: expect.stringContaining('--limit <number>  the most rows to count'),
    });
  });

  it('exits with 1 for a command that fails, and shows the message without a stack', async () => {
    expect(await run('count', 'rows')).toEqual({ exitCode: 1, log: '', errors: 'no connection' });
  });
});
