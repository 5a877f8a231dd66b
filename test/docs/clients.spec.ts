import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { adaptersToTest } from '../support/adapters.js';
import { openSupportDesk } from '../support/support-desk.js';
import type { SupportDesk } from '../support/support-desk.js';
import { typeErrorsOf } from '../support/type-errors.js';

const run = promisify(execFile);

/** What the page says of a command behind it: `# 404`. Without a word it is a 2xx. */
const EXPECTED = /#\s*(\d{3})\b/;

/** Tells the status of each answer, which the commands themselves do not show. */
const TELLING = `curl() { command curl -w '%{stderr}%{http_code}\\n' "$@"; }`;

const FROM_TYPESCRIPT = '\n## From TypeScript';
const GENERATED_CLIENTS = '\n## Generated clients';
const GENERATED = fileURLToPath(new URL('clients-page.generated.ts', import.meta.url));

async function readPage(): Promise<string> {
  return readFile(new URL('../../docs/clients.md', import.meta.url), 'utf8');
}

/** The blocks of code of one language. */
function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block);
}

/** The commands of docs/clients.md, one a line of its own, in their order. Those that install something are not among them. */
async function commandsOfPage(): Promise<string[]> {
  const [page] = (await readPage()).split(FROM_TYPESCRIPT);
  const blocks = blocksOf(page, 'sh').map((block) => block.replaceAll('\\\n', ''));
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

/** What the code on the page takes for granted. */
const AROUND = `
import type { InfinitePages } from 'nestjs-muck/client';
interface User { id: number; email: string }
interface Tag { id: number; name: string }
interface Comment { id: number; body: string }
interface Ticket {
  id: number;
  orderNumber: number;
  subject: string;
  status: 'open' | 'pending' | 'closed';
  priority: 'low' | 'normal' | 'high' | 'urgent';
  assigneeId: number | null;
  createdAt: string;
  assignee?: User | null;
  tags?: Tag[];
}
interface TicketPage { items: Ticket[]; limit: number; nextCursor: string | null; prevCursor: string | null }
declare const monday: Date;
declare const form: { subject: string };
declare const body: string;
declare const headers: Record<string, string>;
declare function listTickets(query: { cursor: string; limit: number }, signal?: AbortSignal): Promise<TicketPage>;
declare function useInfiniteQuery(options: InfinitePages<TicketPage> & { queryKey: readonly string[] }): { data: Ticket[] };
declare function showErrors(messages: { fields: { subject?: readonly string[] }; others: readonly string[] }): void;
declare function showStoredVersion(): void;
declare function retryIn(seconds: number): void;
`;
const BEHIND = 'export const used: [Comment | undefined, typeof tickets] = [undefined, tickets];';

describe('the TypeScript on the page for clients of the API', () => {
  afterAll(() => rm(GENERATED, { force: true }));

  it('compiles under strict types', async () => {
    const [, rest] = (await readPage()).split(FROM_TYPESCRIPT);
    const blocks = blocksOf(rest.split(GENERATED_CLIENTS)[0], 'ts');
    expect(blocks.length).toBeGreaterThan(3);
    await writeFile(GENERATED, [AROUND, ...blocks, BEHIND].join('\n'));
    expect(typeErrorsOf(GENERATED)).toEqual([]);
  }, 120_000);
});

describe('the recipes for generated clients', () => {
  const FILES = new URL('../compatibility/clients/files/', import.meta.url);

  it.each(['openapi-ts.config.ts', 'orval.config.ts'])('show the %s of the programs that are tested', async (file) => {
    const [, recipes] = (await readPage()).split(GENERATED_CLIENTS);
    const config = await readFile(new URL(file, FILES), 'utf8');
    expect(blocksOf(recipes, 'ts')).toContain(`// ${file}\n${config}`);
  });

  it('name only packages and commands that are tested', async () => {
    const [, recipes] = (await readPage()).split(GENERATED_CLIENTS);
    const manifest = await readFile(new URL('package.json', FILES), 'utf8');
    const commands = blocksOf(recipes, 'sh')
      .join('')
      .split(/\n| && /);
    const installed = commands.flatMap((line) => /^npm install (?:-D )?(.*)$/.exec(line)?.[1].split(' ') ?? []);
    expect(installed.length).toBeGreaterThan(4);
    const { devDependencies } = JSON.parse(manifest) as { devDependencies: Record<string, string> };
    expect(installed.filter((name) => !(name in devDependencies))).toEqual([]);
    const runner = await readFile(new URL('../run.mjs', FILES), 'utf8');
    const generators = commands.flatMap((line) => /^npx (.*)$/.exec(line)?.[1] ?? []);
    expect(
      generators.map((line) => `['${line.split(' ').join("', '")}']`).filter((list) => !runner.includes(list)),
    ).toEqual([]);
    expect(generators).toHaveLength(3);
  });
});
