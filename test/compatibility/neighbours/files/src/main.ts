import './tracing.js';
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { initializeTransactionalContext, StorageDriver } from 'typeorm-transactional';
import type { Neighbour } from './world.js';

// typeorm-transactional wants to be first: it patches TypeORM's classes.
initializeTransactionalContext({ storageDriver: StorageDriver.ASYNC_LOCAL_STORAGE });

const NAMES = [
  'nestjs-cls',
  'nestjs-cls-transactional',
  'typeorm-transactional',
  'naming-strategies',
  'paginate',
  'terminus',
  'session-store',
  'casbin',
  'bullmq',
  'event-emitter',
  'cqrs',
  'schedule',
  'typeorm-extension',
  'opentelemetry',
  'graphql',
].filter((name) => name.includes(process.argv[2] ?? ''));

function versionOf(name: string): string {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`;
}

const LIMIT = 60_000;

async function limited(attempt: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`takes longer than ${LIMIT} ms`)), LIMIT);
  });
  await Promise.race([attempt(), late]).finally(() => clearTimeout(timer));
}

// Each result is a line of JSON, for run.mjs.
const tell = (result: object): void => console.log(`RESULT ${JSON.stringify(result)}`);
for (const name of NAMES) {
  let neighbour: Neighbour;
  try {
    ({ default: neighbour } = (await import(`./neighbours/${name}.js`)) as { default: Neighbour });
  } catch (error) {
    tell({ neighbour: name, attempt: 'loads', error: String((error as Error).stack) });
    continue;
  }
  const versions = neighbour.packages.map(versionOf).join(', ');
  for (const [attempt, run] of Object.entries(neighbour.attempts)) {
    try {
      await limited(run);
      tell({ neighbour: versions, attempt });
    } catch (error) {
      tell({ neighbour: versions, attempt, error: String((error as Error).stack) });
    }
  }
}
process.exit(0);
