// One of the servers that are compared: node server.mjs <find|pg|muck> <express|fastify> <database url>. Says `{ port }` to its parent, and what it has computed when it is asked.
import 'reflect-metadata';
import { Controller, Get, Module, Query, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import pg from 'pg';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

const [kind, adapter, url] = process.argv.slice(2);

/** Decorators without their syntax, which Node does not read. */
const decorate = (target, property, ...decorators) => {
  const descriptor = Object.getOwnPropertyDescriptor(target, property);
  for (const decorator of decorators) decorator(target, property, descriptor);
};

class Ticket {}
decorate(Ticket.prototype, 'id', PrimaryGeneratedColumn());
for (const [name, type] of Object.entries({
  organizationId: 'int',
  orderNumber: 'int',
  subject: 'varchar',
  status: 'varchar',
  priority: 'varchar',
  assigneeId: 'int',
  createdAt: 'timestamptz',
})) {
  decorate(Ticket.prototype, name, Column({ type }));
}
Index(['organizationId', 'id'])(Ticket);
Entity('ticket')(Ticket);

const organizationOf = (request) => Number(request.headers['x-organization']);
const database = TypeOrmModule.forRoot({ type: 'postgres', url, entities: [Ticket], poolSize: 10 });

/** Without the library, with a repository. */
function findModule() {
  class TicketsController {
    constructor(tickets) {
      this.tickets = tickets;
    }

    async list(request, limit, count) {
      const options = {
        where: { organizationId: organizationOf(request) },
        order: { id: 'DESC' },
        take: Number(limit),
      };
      if (count === 'none') return { items: await this.tickets.find(options), limit: Number(limit), offset: 0 };
      const [items, total] = await this.tickets.findAndCount(options);
      return { items, total, limit: Number(limit), offset: 0 };
    }
  }
  Reflect.defineMetadata('design:paramtypes', [Object], TicketsController);
  Reflect.defineMetadata('self:paramtypes', [{ index: 0, param: getRepositoryToken(Ticket) }], TicketsController);
  decorate(TicketsController.prototype, 'list', Get());
  listParameters(TicketsController);
  Controller('tickets')(TicketsController);
  return moduleOf([database, TypeOrmModule.forFeature([Ticket])], [TicketsController]);
}

/** Without the library, with the driver and prepared statements. */
function pgModule() {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const columns = '"id", "organizationId", "orderNumber", "subject", "status", "priority", "assigneeId", "createdAt"';
  const page = `SELECT ${columns} FROM "ticket" WHERE "organizationId" = $1 ORDER BY "id" DESC LIMIT $2`;
  const total = 'SELECT count(*)::int AS n FROM "ticket" WHERE "organizationId" = $1';
  class TicketsController {
    async list(request, limit, count) {
      const organization = organizationOf(request);
      const { rows } = await pool.query({ name: 'page', text: page, values: [organization, Number(limit)] });
      if (count === 'none') return { items: rows, limit: Number(limit), offset: 0 };
      const counted = await pool.query({ name: 'total', text: total, values: [organization] });
      return { items: rows, total: counted.rows[0].n, limit: Number(limit), offset: 0 };
    }
  }
  decorate(TicketsController.prototype, 'list', Get());
  listParameters(TicketsController);
  Controller('tickets')(TicketsController);
  return moduleOf([], [TicketsController]);
}

/** This library. */
async function muckModule() {
  const { Crud, CrudController, MuckModule, TenantScoped } = await import('nestjs-muck');
  TenantScoped()(Ticket);
  class FromHeader {
    resolve(context) {
      return { organizationId: organizationOf(context.switchToHttp().getRequest()) };
    }
  }
  class TicketsController extends CrudController {}
  Controller('tickets')(TicketsController);
  TenantScoped()(TicketsController);
  Crud(Ticket)(TicketsController);
  return moduleOf(
    [database, MuckModule.forRoot({ scope: { organizationId: Number }, resolver: FromHeader })],
    [TicketsController],
  );
}

function listParameters({ prototype }) {
  Req()(prototype, 'list', 0);
  Query('limit')(prototype, 'list', 1);
  Query('count')(prototype, 'list', 2);
}

function moduleOf(imports, controllers) {
  class BenchmarkModule {}
  Module({ imports, controllers })(BenchmarkModule);
  return BenchmarkModule;
}

async function adapterOf() {
  if (adapter === 'express') return new (await import('@nestjs/platform-express')).ExpressAdapter();
  return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
}

const module = { find: findModule, pg: pgModule, muck: muckModule }[kind];
const app = await NestFactory.create(await module(), await adapterOf(), { logger: ['error'] });
await app.listen(0, '127.0.0.1');
process.send({ port: app.getHttpServer().address().port });
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit());
