import assert from 'node:assert/strict';
import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { spans, tracer } from '../tracing.js';
import { ACME, GLOBEX, Note, User, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Controller('notes')
@UseGuards(User)
@TenantScoped()
@Crud(Note)
class NotesController extends CrudController<Note> {}

/** The statements in the spans of the instrumentation; the library has spans of its own. */
const statements = (): string[] =>
  spans
    .getFinishedSpans()
    .filter(({ instrumentationScope }) => instrumentationScope.name === '@opentelemetry/instrumentation-pg')
    .map(({ attributes }) => String(attributes['db.statement'] ?? attributes['db.query.text'] ?? ''));

const neighbour: Neighbour = {
  packages: ['@opentelemetry/instrumentation-pg', '@opentelemetry/sdk-trace-node'],
  attempts: {
    'the instrumentation of pg sees the statements of repositories, of lists and of writes': () =>
      within({ controllers: [NotesController] }, async ({ send, texts }) => {
        spans.reset();
        for (const organization of [1, 2])
          assert.equal((await send(organization, 'POST', '/notes', { noteText: `n ${organization}` })).status, 201);
        for (let i = 0; i < 5; i += 1)
          for (const organization of [1, 2])
            assert.equal((await send(organization, 'GET', '/notes')).body.items.length, 1);
        assert.deepEqual([await texts(ACME), await texts(GLOBEX)], [['n 1'], ['n 2']]);
        const seen = statements();
        assert.equal(seen.filter((sql) => sql.startsWith('INSERT INTO "note"')).length, 2, seen.join('\n'));
        assert.ok(seen.filter((sql) => /^SELECT .* FROM "note"/.test(sql)).length >= 12, seen.join('\n'));
      }),
    'a statement belongs to the span in which it is sent': () =>
      within({}, async ({ notes, tenancy }) => {
        spans.reset();
        const traces = new Map<number, string>();
        await Promise.all(
          [ACME, GLOBEX].map((scope) =>
            tracer.startActiveSpan('work', async (span) => {
              traces.set(scope.organizationId, span.spanContext().traceId);
              await tenancy.run(scope, () => notes.find({ where: { rank: scope.organizationId } }));
              span.end();
            }),
          ),
        );
        for (const traceId of traces.values()) {
          const own = spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
          assert.ok(
            own.some(({ attributes }) =>
              /FROM "note"/.test(String(attributes['db.statement'] ?? attributes['db.query.text'])),
            ),
            JSON.stringify(own.map(({ name }) => name)),
          );
        }
      }),
  },
};
export default neighbour;
