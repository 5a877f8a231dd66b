import { declareScope, TenantScoped, TenantShared } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn, ViewColumn, ViewEntity } from 'typeorm';
import { attacks } from '../../support/annex.js';

declareScope({ organizationId: Number });

/** What another program brings: it keeps tenants as texts. */
@Entity()
@TenantShared('brought from elsewhere, read through its view only')
class Delivery {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organization!: string;
  @Column() text!: string;
}

@ViewEntity({
  expression: (dataSource) =>
    dataSource
      .createQueryBuilder()
      .select('delivery.id', 'id')
      .addSelect('delivery.organization', 'organizationId')
      .addSelect('delivery.text', 'text')
      .from(Delivery, 'delivery'),
})
@TenantScoped()
class Arrival {
  @ViewColumn() id!: number;
  @ViewColumn() organizationId!: number;
  @ViewColumn() text!: string;
}

attacks(
  'G-09 a view of tenants that are texts, compared with a number',
  {
    entities: () => [Delivery, Arrival],
    acme: { organizationId: 1 },
    sow: ({ repo }) =>
      repo(Delivery).insert([
        { organization: '1', text: 'acme' },
        ...['1b', '01', '1 ', '1.0', ' 1', '1e0', '+1'].map((organization) => ({ organization, text: 'globex' })),
      ]),
    globex: ({ repo }) => repo(Delivery).find(),
  },
  {
    'shows no text that begins with the number': ({ repo }) => repo(Arrival).find(),
    'counts no text that begins with the number': async ({ repo }) =>
      (await repo(Arrival).count()) > 1 ? 'globex' : 'acme',
  },
);
