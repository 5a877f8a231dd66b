import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, StreamableFile, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { tenantFromUser, TenantScoped } from 'nestjs-muck';
import { Readable, Transform } from 'node:stream';
import request from 'supertest';
import { Repository } from 'typeorm';
import { adaptersAndDatabases, openShop, Order } from '../http/shop.js';
import type { Shop } from '../http/shop.js';

@Injectable()
class OrganizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const call = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user?: unknown }>();
    call.user = { organizationId: Number(call.headers['x-organization']) };
    return true;
  }
}

@Controller('exports')
@TenantScoped()
@UseGuards(OrganizationGuard)
class ExportsController {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  @Get('generated')
  generated(): StreamableFile {
    return new StreamableFile(Readable.from(this.lines()));
  }

  @Get('piped')
  piped(): StreamableFile {
    const upper = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.orders.count().then((count) => done(null, `${chunk.toString()}${count};`), done);
      },
    });
    return new StreamableFile(Readable.from(this.lines()).pipe(upper));
  }

  private async *lines(): AsyncGenerator<string> {
    for (let page = 0; page < 3; page += 1) {
      const rows = await this.orders.find();
      yield `${rows.map(({ text }) => text).join()};`;
    }
  }
}

describe.each(adaptersAndDatabases())('G-08 a StreamableFile over HTTP with %s on %s', (adapter, kind) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(adapter, kind, {
      resolver: tenantFromUser('organizationId'),
      controllers: [ExportsController],
      imports: [TypeOrmModule.forFeature([Order])],
    });
  });
  afterAll(() => shop.close());

  const download = async (path: string, organization: number): Promise<string> => {
    const { body } = await request(shop.app.getHttpServer())
      .get(path)
      .set('x-organization', String(organization))
      .buffer(true)
      .parse((response, done) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => done(null, text));
      });
    return body as string;
  };

  it('a generator that queries for each chunk reads the rows of its own tenant', async () => {
    const both = await Promise.all([download('/exports/generated', 1), download('/exports/generated', 2)]);
    expect(both).toEqual(['of acme;'.repeat(3), 'of globex;'.repeat(3)]);
  });

  it('a transform that queries for each chunk counts the rows of its own tenant', async () => {
    const both = await Promise.all([download('/exports/piped', 1), download('/exports/piped', 2)]);
    expect(both).toEqual(['of acme;1;'.repeat(3), 'of globex;1;'.repeat(3)]);
  });
});
