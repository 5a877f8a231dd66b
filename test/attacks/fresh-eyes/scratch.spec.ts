import { describe, it } from '@jest/globals';
import { databasesToTest } from '../../support/databases.js';
import { Ticket, Verdict, Label, Note } from '../../support/desk.js';
import { ACME, tenancy, World } from '../../support/world.js';

describe.each(databasesToTest())('on %s', (kind) => {
  it('shows', async () => {
    const w = await World.open(kind, true);
    await tenancy.run(ACME, async () => {
      const out: unknown[] = [];
      out.push(w.repo(Ticket).createQueryBuilder('t').getQueryAndParameters());
      out.push(w.repo(Ticket).createQueryBuilder('t').withDeleted().select('t.subject').getQuery());
      out.push(w.repo(Verdict).createQueryBuilder('v').select('v.id').getQuery());
      out.push(
        w
          .repo(Ticket)
          .createQueryBuilder('t')
          .select('t.id')
          .leftJoin('t.labels', 'l')
          .leftJoin('t.notes', 'n', 'n.id > 0')
          .getQuery(),
      );
      out.push(w.repo(Ticket).createQueryBuilder('t').update().set({ subject: 'x' }).getQuery());
      out.push(w.dataSource.createQueryBuilder().insert().into(Note).values({ body: 'x' }).getQuery());
      process.stdout.write(out.map((o) => JSON.stringify(o)).join('\n') + '\n');
    });
    await w.close();
  });
});
