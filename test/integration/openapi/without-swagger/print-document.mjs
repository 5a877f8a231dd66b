// @ts-check
import 'reflect-metadata';
import { createRequire, Module as NodeModule, register } from 'node:module';

// Imports go through the hooks; what is required goes through here.
register('./source-hooks.mjs', import.meta.url);
const resolveFilename = Reflect.get(NodeModule, '_resolveFilename');
Reflect.set(NodeModule, '_resolveFilename', (/** @type {[string, ...unknown[]]} */ ...args) => {
  if (args[0].startsWith('@nestjs/swagger')) throw new Error(`Cannot find module '${args[0]}'`);
  return resolveFilename.apply(NodeModule, args);
});

const isRefused = await import('@nestjs/swagger').then(
  () => false,
  () => true,
);
/** @param {string} name */
const isMissing = (name) => {
  try {
    return createRequire(import.meta.url)(name) === undefined;
  } catch {
    return true;
  }
};
if (!isRefused || !isMissing('@nestjs/swagger')) throw new Error('@nestjs/swagger is there');

const { Controller, Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { TypeOrmModule } = await import('@nestjs/typeorm');
const { Column, Entity, PrimaryGeneratedColumn } = await import('typeorm');
const { Crud, CrudController, MuckModule, TenantShared, tenantFromUser } = await import('../../../../lib/index.js');
const { createResourceDocument } = await import('../../../../lib/openapi/index.js');

class Note {}
PrimaryGeneratedColumn()(Note.prototype, 'id');
Column({ type: 'text' })(Note.prototype, 'text');
TenantShared('notes of everybody')(Note);
Entity()(Note);

/** @extends {CrudController<Note>} */
class NotesController extends CrudController {}
Crud(Note)(NotesController);
Controller('notes')(NotesController);

class NotesModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'sqljs', entities: [Note], synchronize: true }),
    MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') }),
  ],
  controllers: [NotesController],
})(NotesModule);

const app = await NestFactory.create(NotesModule, { logger: false, abortOnError: false });
await app.init();
console.log(JSON.stringify(createResourceDocument(app, { title: 'Notes', version: '1' })));
await app.close();
