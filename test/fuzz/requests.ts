import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { adaptersToTest } from '../support/adapters.js';
import type { Adapter } from '../support/adapters.js';
import { databasesToTest } from '../support/databases.js';
import type { DatabaseKind } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { Random, seedOf } from '../support/random.js';
import type { Answer, Message, Transport } from '../support/transport.js';
import { Agent, CreateTicketDto, openCrudDesk, Specimen, TestGuard, Ticket } from '../support/crud-desk.js';
import type { Desk } from '../support/crud-desk.js';
import { FuzzedInputs } from './inputs.js';
import type { Told } from './inputs.js';
import { RESOURCES } from './resources.js';

/*
 * Generated requests, most of them nearly as they should be. TEST_FUZZ says how many (`npm run test:fuzz`: 50,000), TEST_SEED which.
 */

const TOTAL = Number(process.env['TEST_FUZZ'] ?? 6000);
const WATCHDOG = 60_000;
const AT_ONCE = 8;
const seed = seedOf('TEST_SEED');

/** What only the other tenant's rows hold. No input holds it. */
const MARKER = 'globex';
/** Statements, messages of databases, and stacks. */
const TALE =
  /\b(select|insert into|update|delete from)\b.*\b(from|values|set|where)\b|syntax error|sqlite|queryfailed|\bER_[A-Z]+|(column|relation) ".*" (does not|of)|\.(js|ts):\d+/i;

@Controller('tickets')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Ticket, {
  dto: { create: CreateTicketDto },
  also: ['createMany', 'restore'],
  search: ['subject', 'note'],
  include: ['assignee', 'assignee.tickets'],
  filter: [
    ...(['id', 'orderNumber', 'subject', 'status', 'note', 'assigneeId', 'version', 'createdAt'] as const),
    ...(['assignee.name', 'assignee.tickets.subject'] as const),
  ],
  sort: ['id', 'orderNumber', 'subject', 'status', 'note', 'createdAt', 'assignee.name'],
})
class TicketsController extends CrudController<Ticket> {}

@Controller('specimens')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Specimen, {
  also: ['createMany'],
  filter: Object.keys(RESOURCES[1].filter) as never[],
  sort: RESOURCES[1].sort as never[],
})
class SpecimensController extends CrudController<Specimen> {}

/** Sends an adapter its share of them, on each database. */
export function sendThousands(adapter: Adapter): void {
  const databases = databasesToTest();
  const places = adaptersToTest().includes(adapter) ? databases.map((database) => ({ adapter, database })) : [];
  const inputs = Math.ceil(TOTAL / adaptersToTest().length / databases.length);
  describeRequests(inputs, places);
}

function describeRequests(inputs: number, places: { adapter: Adapter; database: DatabaseKind }[]): void {
  describeEach(places, 'TEST_ADAPTER names the other adapter')(
    `${inputs} generated requests from seed ${seed}, over $adapter, on $database`,
    (place) => {
      const told: Told = {
        ids: Object.fromEntries(RESOURCES.map(({ path }) => [path, []])),
        cursors: [],
        counter: 1000,
      };
      let desk: Desk;
      let transport: Transport;

      beforeAll(async () => {
        desk = await openCrudDesk([TicketsController, SpecimensController], place);
        ({ transport } = desk);
        for (const organizationId of [1, 2]) {
          const name = organizationId === 1 ? 'Acme' : MARKER;
          await desk.tenancy.run({ organizationId }, async () => {
            const agents = await desk.dataSource.getRepository(Agent).save([{ name }, { name: `${name} a` }]);
            const tickets = await desk.dataSource.getRepository(Ticket).save(
              Array.from({ length: 20 }, (_, i) => ({
                orderNumber: i,
                subject: `${name} parcel ${i}`,
                assigneeId: agents[i % 2].id,
                note: i % 3 === 0 ? null : name,
              })),
            );
            const specimens = await desk.dataSource
              .getRepository(Specimen)
              .save(Array.from({ length: 20 }, (_, i) => ({ code: `${name} ${i}`, small: i, tags: [name] })));
            told.ids['/tickets'].push(...tickets.map(({ id }) => id));
            told.ids['/specimens'].push(...specimens.map(({ id }) => id));
          });
        }
      });
      afterAll(async () => {
        await desk?.close();
      });

      /** Learns from an answer, so that later requests name rows and places that there are. */
      const learn = ({ url, method = 'GET' }: Message, { status, text }: Answer): void => {
        const path = /^\/\w+/.exec(url)?.[0] ?? '';
        if (method === 'GET' && status === 200 && told.cursors.length < 500) {
          const { nextCursor } = JSON.parse(text) as { nextCursor?: string | null };
          if (typeof nextCursor === 'string') told.cursors.push(nextCursor);
        }
        if (status === 201 && told.ids[path].length < 500) {
          const { id } = JSON.parse(text) as { id?: number | string };
          if (id !== undefined) told.ids[path].push(id);
        }
      };

      const problemOf = ({ status, text }: Answer): string | undefined => {
        if (status < 200 || (status >= 300 && status !== 304 && status < 400) || status >= 500) return `is a ${status}`;
        if (text.includes(MARKER)) return 'shows rows of another tenant';
        if (status >= 400 && TALE.test(text)) return 'tells how it is done';
        return undefined;
      };

      it('give answers of 2xx and 4xx only, in time, with no word of SQL or of another tenant', async () => {
        const generated = new FuzzedInputs(new Random(seed + places.indexOf(place)), told);
        const stages = new Map<string, number>();
        const problems: string[] = [];
        let left = inputs;
        const worker = async (): Promise<void> => {
          while (left > 0 && problems.length < 10) {
            left -= 1;
            const message = generated.next();
            const answer = await inTime(transport.send(message));
            const problem = answer === undefined ? 'hangs' : problemOf(answer);
            if (problem !== undefined) {
              problems.push(`${problem}: ${JSON.stringify(message)}\n  ${answer?.text.slice(0, 300)}`);
            } else if (answer !== undefined) {
              learn(message, answer);
            }
            const stage = answer === undefined ? 'hung' : stageOf(message, answer);
            stages.set(stage, (stages.get(stage) ?? 0) + 1);
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
        const lines = [...stages].sort().map(([stage, count]) => `  ${String(count).padStart(6)}  ${stage}`);
        const passed = [...stages].reduce((sum, [stage, count]) => sum + (stage.includes('refused') ? 0 : count), 0);
        const share = Math.round((100 * passed) / inputs);
        process.stdout.write(
          `\n${inputs} requests over ${place.adapter} on ${place.database}, ${share} % passed the parser\n${lines.join('\n')}\n`,
        );
        expect(problems).toEqual([]);
        expect(share).toBeGreaterThanOrEqual(30);
      }, 1_800_000);
    },
  );
}

/** How far a request got. */
function stageOf({ method = 'GET', url }: Message, { status }: Answer): string {
  const kind = method === 'GET' ? (url.includes('?') ? 'list' : 'row') : method;
  if (status < 300) return `${kind}: answered (${status})`;
  if (status === 304 || status === 412) return `${kind}: precondition (${status})`;
  if (status === 404) return `${kind}: no such row (404)`;
  if (status === 409) return `${kind}: conflict (409)`;
  return `${kind}: refused (${status})`;
}

async function inTime<R>(answer: Promise<R>): Promise<R | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const watchdog = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), WATCHDOG);
  });
  try {
    return await Promise.race([answer, watchdog]);
  } finally {
    clearTimeout(timer);
  }
}
