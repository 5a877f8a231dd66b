// Proves that no request of Acme reaches rows of Globex, on each HTTP adapter. DATABASE_URL names an empty PostgreSQL database.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectTenantIsolation } from 'nestjs-muck/testing';
import { DataSource } from 'typeorm';
import { createApp, migrate, seed } from '../dist/app.js';
import { SessionService } from '../dist/auth/session.service.js';
import { Comment } from '../dist/support-tickets/comment.entity.js';
import { Resolution } from '../dist/support-tickets/resolution.entity.js';
import { SupportTicket } from '../dist/support-tickets/support-ticket.entity.js';
import { Tag } from '../dist/support-tickets/tag.entity.js';
import { User } from '../dist/users/user.entity.js';

const databaseUrl = process.env.DATABASE_URL ?? '';

for (const adapter of ['express', 'fastify']) {
  test(`no request of Acme reaches rows of Globex, on ${adapter}`, async (context) => {
    await migrate(databaseUrl);
    const app = await createApp({ databaseUrl, adapter, showStatements: true, jwtSecret: 'only for tests' });
    app.useLogger(false);
    await app.init();
    context.after(() => app.close());
    await seed(app.get(DataSource));

    const sessions = app.get(SessionService, { strict: false });
    const bearer = async (email) => ({ authorization: `Bearer ${await sessions.signIn(email, 'demo')}` });
    const report = await expectTenantIsolation(app, {
      tenants: [
        { name: 'Acme', scope: { organizationId: 1 }, headers: await bearer('ada@acme.example') },
        { name: 'Globex', scope: { organizationId: 2 }, headers: await bearer('grace@globex.example') },
      ],
      seed: ({ name }) => addRows(app.get(DataSource).manager, `${name} on ${adapter}`),
      exclude: {
        'AuthController.login': 'comes before any tenant',
        'WebController.asset': 'files of the page, the same for everybody',
        'AttemptsController.rawSql': 'shows that raw SQL is refused, as a 500',
        StatementsController: 'shows the caller the statements of its own requests',
        'NewsfeedController.create': 'is for the account of the platform, which has no tenant',
        'NewsfeedController.replace': 'is for the account of the platform, which has no tenant',
        'NewsfeedController.update': 'is for the account of the platform, which has no tenant',
        'NewsfeedController.remove': 'is for the account of the platform, which has no tenant',
      },
    });
    assert.deepEqual(report.notTried, []);
  });
}

/** Adds a row of each kind, and a deleted ticket. */
async function addRows(manager, name) {
  const author = await manager.findOneByOrFail(User, {});
  const tag = await manager.save(Tag, { name: `tag of ${name}` });
  const ticket = await manager.save(SupportTicket, {
    orderNumber: numberOf(name),
    subject: `ticket of ${name}`,
    tags: [tag],
  });
  await manager.save(Comment, { ticketId: ticket.id, authorId: author.id, body: `comment of ${name}` });
  await manager.save(Resolution, { ticketId: ticket.id, summary: `resolution of ${name}` });
  await manager.save(SupportTicket, {
    orderNumber: numberOf(name) + 1,
    subject: `deleted by ${name}`,
    deletedAt: new Date(),
  });
}

/** An order number that differs for each tenant and adapter. */
function numberOf(name) {
  return 8_000 + [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) * 10;
}
