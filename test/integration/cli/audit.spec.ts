import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditCommand } from '../../../lib/cli/audit/audit.command.js';
import { UsageError } from '../../../lib/cli/command.js';

const FOLDER = 'test/integration/cli/audited-application';
const FILES = ['-d', `${FOLDER}/data-source.ts`, '-m', `${FOLDER}/app.module.ts`];

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nestjs-muck-audit-'))));
afterAll(() => rmSync(folder, { recursive: true }));

async function audit(...args: string[]): Promise<{ exitCode: number; log: string; errors: string }> {
  const log: string[] = [];
  const errors: string[] = [];
  const output = { log: (line: string) => void log.push(line), error: (line: string) => void errors.push(line) };
  const exitCode = await auditCommand.run([...FILES, ...args], output);
  return { exitCode, log: log.join('\n'), errors: errors.join('\n') };
}

describe('npx nestjs-muck audit', () => {
  it('says of each entity, route, unscoped use, statement and key how it is scoped', async () => {
    const { exitCode, log } = await audit('-s', FOLDER, '--json');
    const report = JSON.parse(log);
    expect(exitCode).toBe(1);
    expect(
      report.entities.map(({ name, tenancy, how }: Record<string, string>) => `${name} ${tenancy} ${how}`),
    ).toEqual([
      'Contact scoped by organizationId',
      'Country shared the same for all',
      "Forgotten undeclared declare it, for example @TenantShared('why')",
      'Note scoped via Ticket',
      'Template scoped by organizationId',
      'Ticket scoped by organizationId',
      'Voucher scoped by organizationId',
    ]);
    expect(report.entities[0].place).toEqual({ file: `${FOLDER}/entities.ts`, line: 35 });
    expect(report.entities.find(({ name }: { name: string }) => name === 'Template').shares).toEqual([
      'rows whose tenant columns are NULL',
    ]);
    expect(report.routes.map(({ route, tenancy, why }: Record<string, string>) => [route, tenancy, why])).toEqual([
      ['GET /health', 'none', undefined],
      ['GET /tickets', 'scoped', undefined],
      ['GET /tickets/:id', 'scoped', undefined],
      ['POST /tickets/close', 'cross-tenant', 'closes old tickets every night'],
    ]);
    const service = `${FOLDER}/reports.service.ts`;
    expect(report.uses).toEqual([
      { kind: '@CrossTenant', why: 'closes old tickets every night', file: `${FOLDER}/app.module.ts`, line: 18 },
      { kind: 'unscoped', why: 'a report of the platform', file: service, line: 29 },
      { kind: 'unscoped', why: 'the tickets of all', entities: '{ entities: [Ticket] }', file: service, line: 33 },
      { kind: '@Unscoped', why: 'a nightly count', file: service, line: 38 },
    ]);
    expect(report.rawSql.map(({ line, verdict }: Record<string, unknown>) => [line, verdict])).toEqual([
      [13, 'refused'],
      [17, 'refused'],
      [21, 'allowed'],
      [25, 'unknown'],
      [29, 'unscoped'],
      [40, 'unscoped'],
    ]);
    expect(report.uniqueKeys).toEqual([
      {
        entity: 'Voucher',
        why: expect.stringContaining('unique key (code) without the tenant column'),
        isAcknowledged: false,
      },
      { entity: 'Contact', why: '(email) addresses are public anyway', isAcknowledged: true },
    ]);
    expect(report.missingIndexes).toEqual([{ entity: 'Voucher', columns: ['organizationId'] }]);
  });

  it('prints what fails with file and line', async () => {
    const { log, errors } = await audit('-s', FOLDER);
    expect(log).toContain(`${FOLDER}/reports.service.ts:13: it uses the table of Ticket in raw SQL`);
    expect(errors).toContain('undeclared-entity: Forgotten');
  });

  it('accepts what a baseline has, fails on what is wider, and says what is no longer needed', async () => {
    const source = join(folder, 'source');
    cpSync(FOLDER, source, { recursive: true });
    const baseline = join(folder, 'baseline.json');
    const run = (...args: string[]) => audit('-s', source, '--baseline', baseline, ...args);
    expect((await run('--update-baseline')).exitCode).toBe(0);
    expect(await run()).toMatchObject({ exitCode: 0, errors: '' });

    const file = join(source, 'reports.service.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(
        '  inScope()',
        "  wider() {\n    return this.tenancy.unscoped('one more', () => 1);\n  }\n\n  inScope()",
      ),
    );
    const wider = await run();
    expect(wider.exitCode).toBe(1);
    expect(wider.errors).toMatch(/^Wider than .*\n {2}unscoped-use: .*reports\.service\.ts: unscoped: one more$/);

    // Lines that only move are no difference; the same use twice is.
    writeFileSync(file, `\n\n${text}`);
    expect((await run()).exitCode).toBe(0);
    writeFileSync(file, text.replace("@Unscoped('a nightly count')\n  nightly", 'nightly'));
    expect((await run()).errors).toContain('1 lines of');
  });

  it('writes findings as SARIF, with their places', async () => {
    const { runs, version } = JSON.parse((await audit('-s', FOLDER, '--sarif')).log);
    expect(version).toBe('2.1.0');
    const [{ tool, results }] = runs;
    for (const { ruleId, ruleIndex, level, message } of results) {
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(['error', 'warning', 'note']).toContain(level);
      expect(message.text).not.toBe('');
    }
    const refused = results.find(({ ruleId }: { ruleId: string }) => ruleId === 'refused-sql');
    expect(refused.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: `${FOLDER}/reports.service.ts` },
      region: { startLine: 13 },
    });
  });

  it('refuses arguments that do not fit', async () => {
    await expect(audit('--json', '--sarif')).rejects.toThrow(UsageError);
    await expect(audit('--update-baseline')).rejects.toThrow('needs --baseline');
    await expect(audit('-s', 'nowhere')).rejects.toThrow('There is no folder nowhere');
    await expect(audit('-s', FOLDER, '--baseline', join(folder, 'none.json'))).rejects.toThrow('--update-baseline');
  });
});
