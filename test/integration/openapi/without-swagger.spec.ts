import { expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ResourceDocument } from 'nestjs-muck/openapi';

const run = promisify(execFile);

it('an application without @nestjs/swagger runs, and has its resources described', async () => {
  const script = fileURLToPath(new URL('without-swagger/print-document.mjs', import.meta.url));
  const { stdout } = await run(process.execPath, [script]);
  const document = JSON.parse(stdout) as ResourceDocument;
  expect(Object.keys(document.paths)).toEqual(['/notes', '/notes/{id}']);
  expect(document.components.schemas['Note'].properties).toMatchObject({ text: { type: 'string' } });
}, 120_000);
