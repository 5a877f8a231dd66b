import { AsyncResource } from 'node:async_hooks';
import { DataSource, EntityManager } from 'typeorm';
import { attacks, crossedIf } from '../../support/attack.js';
import { Document, Label, News, Note, Ticket } from '../../support/desk.js';
import { ACME, foreign, GLOBEX, own, tenancy } from '../../support/world.js';

attacks('G-12 a property that something has put on every object', {
  'opens no section': async ({ repo }) => {
    Object.defineProperty(Object.prototype, 'unscopedSection', {
      configurable: true,
      value: { open: true, why: 'polluted' },
    });
    try {
      return await tenancy.run(ACME, () => repo(Ticket).find());
    } finally {
      Reflect.deleteProperty(Object.prototype, 'unscopedSection');
    }
  },
  'is no scope': async ({ repo }) => {
    Object.defineProperty(Object.prototype, 'scope', {
      configurable: true,
      value: { values: GLOBEX, fingerprint: 'x' },
    });
    try {
      return await tenancy.run(ACME, () => repo(Ticket).find());
    } finally {
      Reflect.deleteProperty(Object.prototype, 'scope');
    }
  },
  'is no tenant of a new row': async ({ repo }) => {
    Object.defineProperty(Object.prototype, 'organizationId', { configurable: true, writable: true, value: 2 });
    try {
      return await repo(Note).insert({ body: 'planted' });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'organizationId');
    }
  },
  'is no condition of a builder': async ({ repo }) => {
    Object.defineProperty(Object.prototype, 'extraAppendedAndWhereCondition', {
      configurable: true,
      writable: true,
      value: '1=1) OR (1=1',
    });
    try {
      return await repo(Ticket).createQueryBuilder('t').getMany();
    } finally {
      Reflect.deleteProperty(Object.prototype, 'extraAppendedAndWhereCondition');
    }
  },
});

attacks('G-01 a way around the attached DataSource', {
  'by an entity manager that is made manually reads own rows': ({ dataSource }) =>
    new EntityManager(dataSource).find(Ticket),
  'by an entity manager that is made manually removes own rows': async ({ dataSource }) =>
    new EntityManager(dataSource).remove(Object.assign(new Note(), { id: foreign.note })),
  'by a copy of the DataSource reads own rows': ({ dataSource }) =>
    (Object.create(dataSource) as DataSource).createQueryBuilder(Ticket, 't').getMany(),
  'by the method of the class reads own rows': ({ dataSource }) => {
    const stock = Reflect.get(DataSource.prototype, 'createQueryBuilder') as (...args: unknown[]) => {
      getMany(): Promise<unknown>;
    };
    return stock.call(dataSource, Ticket, 't').getMany();
  },
  'by metadata that are built again reads own rows': async ({ dataSource, repo }) => {
    await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    return repo(Ticket).find();
  },
  'by the file of a database in memory gives no rows': {
    attempt: ({ dataSource }) => {
      const bytes = (dataSource.manager as unknown as { exportDatabase(): Uint8Array }).exportDatabase();
      return Promise.resolve(crossedIf(Buffer.from(bytes).includes('globex')));
    },
    not: { postgres: 'it is not in memory', postgres15: 'it is not in memory', mariadb: 'it is not in memory' },
  },
});

attacks('G-08 a scope', {
  'is not taken from what another resource was made in': ({ repo }) => {
    const resource = tenancy.run(GLOBEX, () => new AsyncResource('pool'));
    const read = tenancy.bind(() => repo(Ticket).find());
    return resource.runInAsyncScope(read);
  },
  'is the one in which a lazy promise is awaited, not the one in which it was asked for': async ({ repo }) => {
    const lazy = tenancy.run(GLOBEX, () => ({
      then: (done: (rows: unknown) => void) => void repo(Ticket).find().then(done),
    }));
    return await lazy;
  },
  'that exempts labels does not free what is joined to them': ({ repo }) =>
    tenancy.unscoped('reads labels', { entities: [Label] }, () =>
      repo(Label).createQueryBuilder('l').leftJoin('l.tickets', 't').select('t.subject', 'subject').getRawMany(),
    ),
  'that exempts labels does not free a sub-select on tickets': ({ repo }) =>
    tenancy.unscoped('reads labels', { entities: [Label] }, async () => {
      const rows = await repo(Label)
        .createQueryBuilder('l')
        .addSelect((query) => query.select('MAX(t.subject)').from(Ticket, 't'), 'subject')
        .getRawMany<{ subject: string }>();
      return rows.map(({ subject }) => subject);
    }),
  'that exempts everything inside one that exempts labels ends with it': async ({ repo }) => {
    const later = tenancy.unscoped('reads labels', { entities: [Label] }, () =>
      tenancy.unscoped('reads everything', () => tenancy.bind(() => repo(Ticket).find())),
    );
    return later();
  },
  'of a parent class of nothing exempts nothing': ({ repo }) =>
    tenancy.unscoped('reads nothing', { entities: [Object, Function, Note.constructor as never] }, () =>
      repo(Ticket).find(),
    ),
  'of a row is not changed by its own listener': async ({ dataSource, repo }) => {
    const subscriber = {
      listenTo: () => Note,
      beforeUpdate: ({ entity }: { entity?: Partial<Note> }) => void Object.assign(entity!, { organizationId: 2 }),
    };
    dataSource.subscribers.push(subscriber as never);
    try {
      return await repo(Note).save({ id: own.note, organizationId: 1, body: 'changed' });
    } finally {
      dataSource.subscribers.pop();
    }
  },
  'holds for what a subscriber asks after a query': async ({ dataSource, repo }) => {
    const seen: unknown[] = [];
    let asked: Promise<unknown> | undefined;
    const subscriber = {
      afterQuery: () =>
        void (asked ??= repo(Ticket)
          .find()
          .then(
            (rows) => seen.push(rows),
            (error: Error) => seen.push(error.name),
          )),
    };
    dataSource.subscribers.push(subscriber as never);
    try {
      await tenancy.run(GLOBEX, () => repo(News).find()).then(() => undefined);
      await Promise.resolve(asked);
      asked = undefined;
      await repo(News).find();
      await Promise.resolve(asked);
    } finally {
      dataSource.subscribers.pop();
    }
    return seen.at(-1);
  },
  'goes with a document whose lazy ticket is asked for in it': async ({ repo, plant }) => {
    await plant(Document, {
      id: '00000000-0000-4000-8000-000000000077',
      organizationId: 1,
      title: 'x',
      ticket: { id: foreign.ticket },
    });
    const found = await repo(Document).findOneByOrFail({ id: '00000000-0000-4000-8000-000000000077' });
    const ticket = await found.ticket;
    await tenancy.unscoped('takes it away', () => repo(Document).delete({ id: found.id }));
    return ticket;
  },
});
