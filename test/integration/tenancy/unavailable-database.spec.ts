import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import type { CanActivate, LoggerService } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Crud, CrudController, ProblemDetailsFilter, Tenancy, TenantScoped } from 'nestjs-muck';
import type { CrudHooks, HookContext, TenantResolver } from 'nestjs-muck';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { DataSourceOptions, QueryRunner } from 'typeorm';
import { adaptersToTest } from '../../support/adapters.js';
import { TestGuard } from '../../support/crud-desk.js';
import { databasesToTest } from '../../support/databases.js';
import type { DatabaseKind } from '../../support/databases.js';
import { describeEach } from '../../support/describe-each.js';
import { openScopedApplication } from '../../support/scoped-application.js';
import type { ScopedApplication } from '../../support/scoped-application.js';

@Entity('note')
@TenantScoped()
class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() text!: string;
}

/** Cuts the connection of the transaction that it runs in. */
@Injectable()
class CutHooks implements CrudHooks<Note> {
  readonly retry = true;

  constructor(
    private readonly dataSource: DataSource,
    private readonly tenancy: Tenancy,
  ) {}

  async beforeCreate(_note: Note, { manager }: HookContext): Promise<void> {
    const isPostgres = this.dataSource.options.type === 'postgres';
    const runner = manager.queryRunner as QueryRunner & { readonly databaseConnection: NodeJS.EventEmitter };
    await this.tenancy.unscoped('a test', async () => {
      const [{ id }] = await manager.query<[{ id: number }]>(
        `SELECT ${isPostgres ? 'pg_backend_pid()' : 'CONNECTION_ID()'} AS id`,
      );
      const lost = new Promise((resolve) => {
        runner.databaseConnection.once(isPostgres ? 'end' : 'error', resolve);
      });
      await this.dataSource.query(isPostgres ? `SELECT pg_terminate_backend(${id})` : `KILL CONNECTION ${id}`);
      await lost;
    });
  }
}

@Controller('notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note)
class NotesController extends CrudController<Note> {}

@Controller('cut-notes')
@TenantScoped()
@UseGuards(TestGuard)
@Crud(Note, { hooks: [CutHooks] })
class CutNotesController extends CrudController<Note> {}

/** Finds the tenant in the database. */
@Injectable()
class StoredTenant implements TenantResolver {
  constructor(
    private readonly dataSource: DataSource,
    private readonly tenancy: Tenancy,
  ) {}

  async resolve(): Promise<{ organizationId: number }> {
    await this.tenancy.unscoped('looks up the tenant', () => this.dataSource.query('SELECT 1'));
    return { organizationId: 1 };
  }
}

@Injectable()
class StoredUserGuard implements CanActivate {
  constructor(private readonly dataSource: DataSource) {}

  async canActivate(): Promise<boolean> {
    await this.dataSource.query('SELECT 1');
    return true;
  }
}

/** Application code without `@Crud`. */
@Controller('plain')
@TenantScoped()
@UseGuards(TestGuard)
class PlainController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  list(): Promise<Note[]> {
    return this.dataSource.getRepository(Note).find();
  }

  @Get('own-error')
  ownError(): never {
    throw new Error('connect ECONNREFUSED');
  }

  @Post('without-text')
  async withoutText(): Promise<void> {
    await this.dataSource.getRepository(Wide).insert({ label: 'secret-value' });
  }
}

@Controller('resolved')
@TenantScoped({ resolver: StoredTenant })
class ResolvedController {
  @Get()
  list(): string[] {
    return [];
  }
}

@Controller('guarded')
@TenantScoped()
@UseGuards(StoredUserGuard)
class GuardedController {
  @Get()
  list(): string[] {
    return [];
  }
}

@Entity('wide')
@TenantScoped()
class Wide {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() label!: string;
  @Column() text!: string;
}

const servers = databasesToTest().filter((database) => database !== 'sqljs');
/** Each adapter with the first server, and each other server with one adapter. */
const places = adaptersToTest().flatMap((adapter, i) =>
  (i === 0 ? servers : servers.slice(0, 1)).map((database) => [adapter, database] as const),
);

describeEach(places, 'TEST_DATABASES names SQLite alone, which has no server')(
  'an outage, on %s and %s',
  (...place) => {
    const [adapter, database] = place;
    let application: ScopedApplication;
    const log: string[] = [];
    const note = (...given: unknown[]): void => void log.push(given.map((part) => inspect(part)).join(' '));
    const logger: LoggerService = { log: () => undefined, error: note, warn: note };
    beforeAll(async () => {
      application = await openScopedApplication({
        adapter,
        database,
        logger,
        entities: [Note, Wide],
        controllers: [NotesController, CutNotesController, PlainController, ResolvedController, GuardedController],
        providers: [CutHooks, StoredTenant, { provide: APP_FILTER, useClass: ProblemDetailsFilter } as never],
        options: poolOf(database),
      });
    });
    afterAll(() => application?.close());
    const send = (method: 'GET' | 'POST', url: string, headers = {}) =>
      application.transport.send({
        method,
        url,
        headers: { 'x-user': '1', ...(method === 'POST' && { 'content-type': 'application/json' }), ...headers },
        ...(method === 'POST' && { body: JSON.stringify({ text: 'secret-value' }) }),
      });

    it('is a 503 with Retry-After for a transaction whose connection is cut, and over with the next one', async () => {
      log.length = 0;
      const { status, headers, text } = await send('POST', '/cut-notes');
      expect([status, headers['retry-after']]).toEqual([503, '1']);
      expect(text).not.toMatch(/secret|connection|insert/i);
      expect(log.join()).toMatch(/POST \/cut-notes failed with 503/);
      expect(log.join()).not.toContain('secret-value');
      expect((await send('POST', '/notes')).status).toBe(201);
      expect((await send('GET', '/notes')).status).toBe(200);
    });

    if (database !== 'mariadb') {
      it('is a 503 for application code, for resolvers and for guards', async () => {
        const runners = [1, 2].map(() => application.dataSource.createQueryRunner());
        try {
          for (const runner of runners) await runner.connect();
          for (const url of ['/plain', '/notes', '/resolved', '/guarded']) {
            const { status, headers, text } = await send('GET', url, { accept: 'application/problem+json' });
            expect([url, status, headers['retry-after'], headers['content-type']]).toEqual([
              url,
              503,
              '1',
              expect.stringContaining('application/problem+json'),
            ]);
            expect(text).not.toMatch(/connect|pool/);
          }
        } finally {
          for (const runner of runners) await runner.release();
        }
        for (const url of ['/plain', '/notes', '/resolved']) expect((await send('GET', url)).status).toBe(200);
      });
    }

    it('is none where application code fails otherwise', async () => {
      const { status, headers } = await send('GET', '/plain/own-error');
      expect([status, headers['retry-after']]).toEqual([500, undefined]);
    });

    it('has no part in an error about a row, which is logged without its values', async () => {
      log.length = 0;
      expect((await send('POST', '/plain/without-text')).status).toBe(500);
      expect(log.join()).toMatch(/QueryFailedError/);
      expect(log.join()).toMatch(database === 'mariadb' ? /ER_NO_DEFAULT_FOR_FIELD|1364/ : /23502/);
      expect(log.join()).not.toContain('secret-value');
    });
  },
);

function poolOf(database: DatabaseKind): Partial<DataSourceOptions> {
  return database === 'mariadb' ? {} : { extra: { max: 2, connectionTimeoutMillis: 1000 } };
}
