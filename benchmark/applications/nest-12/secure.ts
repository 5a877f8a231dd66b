// Gives the tables of this library's application policies, and makes the roles that row-level security needs. Other
// contestants connect as a superuser, whom no policy limits.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MuckModule, scoped, Tenancy } from 'nestjs-muck';
import { applyRowSecurity } from 'nestjs-muck/rls';
import { DataSource } from 'typeorm';
import { APPLICATION_ROLE, ORM_OPTIONS, ROLE_PASSWORD, UNSCOPED_ROLE } from '../common/database.js';
import { Comment, Member, Project, Ticket } from '../common/entities.js';

const entities = [Member, Project, Ticket, Comment];

@Module({
  imports: [
    TypeOrmModule.forRoot({ ...ORM_OPTIONS, entities }),
    MuckModule.forRoot({
      scope: { organizationId: Number },
      resolver: class {
        resolve(): undefined {
          return undefined;
        }
      },
      entities: entities.map((entity) => scoped(entity)),
    }),
  ],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const dataSource = app.get(DataSource);
await app.get(Tenancy).unscoped('makes the roles', async () => {
  const send = (sql: string): Promise<unknown[]> => dataSource.query(sql);
  for (const [name, options] of [
    [APPLICATION_ROLE, `LOGIN NOINHERIT PASSWORD '${ROLE_PASSWORD}'`],
    [UNSCOPED_ROLE, ''],
  ]) {
    const found = await send(`SELECT 1 FROM pg_roles WHERE rolname = '${name}'`);
    if (found.length === 0) await send(`CREATE ROLE ${name} ${options}`);
  }
  const { schema } = ORM_OPTIONS;
  await send(`GRANT ${UNSCOPED_ROLE} TO ${APPLICATION_ROLE}`);
  for (const role of [APPLICATION_ROLE, UNSCOPED_ROLE]) {
    await send(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
    await send(`GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
    await send(`GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`);
  }
});
await applyRowSecurity(dataSource, { unscopedRole: UNSCOPED_ROLE });
await app.close();
process.send?.('secured');
process.disconnect?.();
