import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { adaptersToTest } from '../support/adapters.js';
import { openSupportDesk } from '../support/support-desk.js';
import type { SupportDesk } from '../support/support-desk.js';

const run = promisify(execFile);

/** What the page says of a command behind it: `# 404`. Without a word it is a 2xx. */
const EXPECTED = /#\s*(\d{3})\b/;

/** Tells the status of each answer, which the commands themselves do not show. */
const TELLING = `curl() { command curl -w '%{stderr}%{http_code}\\n' "$@"; }`;

/** The commands of docs/clients.md, one a line of its own, in their order. */
async function commandsOfPage(): Promise<string[]> {
  const page = await readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block.replaceAll('\\\n', ''));
  return blocks.flatMap((block) => block.split('\n')).filter((line) => line.trim() !== '');
}

describe.each(adaptersToTest())('the page for clients of the API, against the sample on %s', (adapter) => {
  let desk: SupportDesk;
  beforeAll(async () => {
    desk = await openSupportDesk(adapter, { listen: true });
  });
  afterAll(() => desk.close());

  it('shows commands that run as they stand there, with the answers that it says', async () => {
    const commands = await commandsOfPage();
    const script = [TELLING, ...commands].join('\n').replace('http://localhost:3000', await desk.app.getUrl());
    const { stderr } = await run('bash', ['-c', script]);

    const asked = commands.filter((command) => command.includes('curl '));
    const statuses = stderr.trim().split('\n');
    const told = asked.map(
      (command, index) => `${EXPECTED.exec(command)?.[1] ?? '2xx'} ${command} → ${statuses[index]}`,
    );
    const wrong = told.filter((line) => !new RegExp(`^(?:(\\d{3}) .* → \\1|2xx .* → 2\\d\\d)$`, 's').test(line));
    expect(asked.length).toBeGreaterThan(10);
    expect(statuses).toHaveLength(asked.length);
    expect(wrong).toEqual([]);
  });
});
