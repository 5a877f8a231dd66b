import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { adaptersToTest, createApplication } from '../support/adapters.js';
import { typeErrorsOf } from '../support/type-errors.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const generated = join(here, 'readme-application.generated.ts');

/** The code between the marks in the README. */
async function applicationInReadme(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const code = /<!-- application -->\n```ts\n([\s\S]*?)```\n<!-- \/application -->/.exec(readme)?.[1];
  if (code === undefined) throw new Error('README.md has no marked application');
  return code;
}

describe('the application in the README', () => {
  let module: Type;

  beforeAll(async () => {
    await writeFile(generated, await applicationInReadme());
    // Written just now, so the compiler cannot know it.
    const path = './readme-application.generated.js';
    module = ((await import(path)) as { AppModule: Type }).AppModule;
  });
  afterAll(() => rm(generated, { force: true }));

  it('compiles under strict types', () => {
    expect(typeErrorsOf(generated)).toEqual([]);
  }, 60_000);

  it('holds the five lines that the README opens with', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const [, fiveLines] = /## A resource in five lines\n\n```ts\n([\s\S]*?)```/.exec(readme)!;
    expect(fiveLines.trim().split('\n')).toHaveLength(5);
    const code = (await applicationInReadme()).replace(/ +\/\/.*$/gm, '');
    expect(code).toContain(fiveLines.trim());
  });

  it.each(adaptersToTest())('keeps two organizations apart on %s', async (adapter) => {
    const app: INestApplication<App> = await createApplication(module, { adapter });
    try {
      const as = (who: string, verb: 'get' | 'post', path = ''): request.Test =>
        request(app.getHttpServer())[verb](`/support-tickets${path}`).set('Authorization', `Bearer ${who}`);
      const created = await as('acme', 'post').send({ subject: 'Where is my order?', organizationId: 2 }).expect(201);
      expect(created.body).toEqual({ id: 1, organizationId: 1, subject: 'Where is my order?' });
      await as('globex', 'get').expect(200, { items: [], total: 0, limit: 20, offset: 0 });
      await as('globex', 'get', '/1').expect(404);
      await as('acme', 'get', '/1').expect(200, created.body as object);
      await as('nobody', 'get').expect(403);
    } finally {
      await app.close();
    }
  });
});
