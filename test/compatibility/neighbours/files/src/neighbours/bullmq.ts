import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { getQueueToken, BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import { InjectRepository } from '@nestjs/typeorm';
import { Queue, QueueEvents } from 'bullmq';
import type { Job } from 'bullmq';
import { Tenancy } from 'nestjs-muck';
import type { TenantScope } from 'nestjs-muck';
import { Repository } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour } from '../world.js';

const QUEUE = `neighbours-${randomBytes(4).toString('hex')}`;
const redis = new URL(process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379');
const connection = { host: redis.hostname, port: Number(redis.port) };

@Processor(QUEUE, { concurrency: 4 })
class NoteWorker extends WorkerHost {
  constructor(
    private readonly tenancy: Tenancy,
    @InjectRepository(Note) private readonly notes: Repository<Note>,
  ) {
    super();
  }

  async process({ data }: Job<{ scope: TenantScope; noteText: string }>): Promise<number> {
    assert.equal(this.tenancy.current, undefined);
    await assert.rejects(this.notes.count());
    return this.tenancy.run(data.scope, async () => {
      await this.notes.save({ noteText: data.noteText });
      return this.notes.count();
    });
  }
}

const neighbour: Neighbour = {
  packages: ['bullmq', '@nestjs/bullmq'],
  attempts: {
    'jobs of two tenants carry their scope: a worker runs in none, and in the one of the job': () =>
      within(
        {
          imports: [BullModule.forRoot({ connection }), BullModule.registerQueue({ name: QUEUE })],
          providers: [NoteWorker],
        },
        async ({ app, tenancy, texts }) => {
          const queue = app.get<Queue>(getQueueToken(QUEUE));
          const events = new QueueEvents(QUEUE, { connection });
          try {
            await events.waitUntilReady();
            const jobs = await Promise.all(
              [ACME, GLOBEX, ACME, GLOBEX, GLOBEX].map((scope, i) =>
                tenancy.run(scope, () => queue.add('note', { scope: tenancy.current, noteText: `job ${i}` })),
              ),
            );
            await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 20_000)));
            assert.deepEqual((await texts(ACME)).sort(), ['job 0', 'job 2']);
            assert.deepEqual((await texts(GLOBEX)).sort(), ['job 1', 'job 3', 'job 4']);
          } finally {
            await queue.obliterate({ force: true });
            await events.close();
          }
        },
      ),
  },
};
export default neighbour;
