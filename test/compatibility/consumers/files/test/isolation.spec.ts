import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Tenancy } from 'nestjs-muck';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { AppModule } from '../src/app.module.js';
import { Customer } from '../src/entities.js';

describe('customers', () => {
  let app: INestApplication;

  beforeAll(async () => {
    app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.init();
  });
  afterAll(async () => {
    await app.close();
  });

  it('a customer of one organization is missing for the other', async () => {
    const customers = app.get(DataSource).getRepository(Customer);
    const { id } = await app
      .get(Tenancy)
      .run({ organizationId: 1 }, () => customers.save({ displayName: 'Ada', email: 'ada@acme.example' }));

    const own = await request(app.getHttpServer()).get(`/customers/${id}`).set('Authorization', 'Bearer acme');
    const foreign = await request(app.getHttpServer()).get(`/customers/${id}`).set('Authorization', 'Bearer globex');

    expect([own.status, foreign.status]).toEqual([200, 404]);
    expect(own.body.displayName).toBe('Ada');
  });

  it('a query without a scope is refused', async () => {
    await expect(app.get(DataSource).getRepository(Customer).find()).rejects.toThrow(/scope/);
  });
});
