import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CanActivate, DynamicModule, ExecutionContext, INestApplication, Provider, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { TypeOrmModuleAsyncOptions } from '@nestjs/typeorm';
import { MuckModule, Tenancy, TenantScoped, tenantFromUser } from 'nestjs-muck';
import pg from 'pg';
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { DataSourceOptions, Repository } from 'typeorm';

/** What most neighbours work on. Its rows are of two tenants. */
@Entity('note')
@TenantScoped()
export class Note {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 80 }) noteText!: string;
  @Column({ default: 0 }) rank!: number;
}

export const ACME = { organizationId: 1 };
export const GLOBEX = { organizationId: 2 };

@Injectable()
export class User implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { organizationId: Number(request.headers['x-organization']) };
    return true;
  }
}

export interface Parts {
  readonly entities?: Function[];
  readonly imports?: (DynamicModule | Type)[];
  readonly providers?: Provider[];
  readonly controllers?: Type[];
  readonly options?: Partial<DataSourceOptions>;
  readonly dataSourceFactory?: TypeOrmModuleAsyncOptions['dataSourceFactory'];
  readonly configure?: (app: INestApplication) => void;
}

/** An application with a database of its own. */
export interface World {
  readonly app: INestApplication;
  readonly dataSource: DataSource;
  readonly notes: Repository<Note>;
  readonly tenancy: Tenancy;
  /** The texts of a tenant's notes. */
  texts(scope: typeof ACME): Promise<string[]>;
  send(
    organization: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

const SERVER = process.env['TEST_PG15_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** Runs `attempt` in an application, and takes both away afterwards. */
export async function within(parts: Parts, attempt: (world: World) => Promise<void>): Promise<void> {
  const database = `muck_neighbours_${randomBytes(4).toString('hex')}`;
  await onServer(`CREATE DATABASE ${database}`);
  let app: INestApplication | undefined;
  try {
    const url = new URL(SERVER);
    url.pathname = `/${database}`;
    const entities = parts.entities ?? [Note];
    const options = { type: 'postgres', url: url.href, entities, synchronize: true, ...parts.options };
    class AppModule {}
    const module: DynamicModule = {
      module: AppModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...options, retryAttempts: 0 }) as object,
          ...(parts.dataSourceFactory && { dataSourceFactory: parts.dataSourceFactory }),
        }),
        TypeOrmModule.forFeature(entities as Type[]),
        MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
        ...(parts.imports ?? []),
      ],
      providers: parts.providers ?? [],
      controllers: parts.controllers ?? [],
    };
    app = await NestFactory.create(module, { abortOnError: false, logger: false });
    parts.configure?.(app);
    await app.listen(0, '127.0.0.1');
    const base = await app.getUrl();
    const dataSource = app.get(DataSource);
    const tenancy = app.get(Tenancy);
    const notes = dataSource.getRepository(Note);
    await attempt({
      app,
      dataSource,
      tenancy,
      notes,
      texts: async (scope) =>
        (await tenancy.run(scope, () => notes.find({ order: { id: 'ASC' } }))).map(({ noteText }) => noteText),
      async send(organization, method, path, body, headers = {}) {
        const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
        const response = await fetch(base + path, {
          method,
          headers: { 'x-organization': String(organization), ...json, ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
      },
    });
  } finally {
    await app?.close();
    await onServer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  }
}

/** What one library does beside this one. */
export interface Neighbour {
  readonly packages: readonly string[];
  /** What is tried, by what it shows. */
  readonly attempts: Readonly<Record<string, () => Promise<void>>>;
}
