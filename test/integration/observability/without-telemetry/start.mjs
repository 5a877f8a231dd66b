// @ts-check
import 'reflect-metadata';
import { register } from 'node:module';

register('./source-hooks.mjs', import.meta.url);
const isMissing = await import('@opentelemetry/api').then(
  () => false,
  () => true,
);
if (!isMissing) throw new Error('@opentelemetry/api is there');

const { Module } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { MuckModule, tenantFromUser } = await import('../../../../lib/index.js');

class QuietModule {}
Module({
  imports: [MuckModule.forRoot({ scope: { organizationId: Number }, resolver: tenantFromUser('organizationId') })],
})(QuietModule);

const app = await NestFactory.create(QuietModule, { logger: false, abortOnError: false });
await app.init();
await app.close();
console.log('started');
