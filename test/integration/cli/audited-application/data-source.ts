import { DataSource } from 'typeorm';
import { Contact, Country, Forgotten, Note, Template, Ticket, Voucher } from './entities.js';

/** Nothing listens there: an audit does not connect. */
export const dataSource = new DataSource({
  type: 'postgres',
  host: '127.0.0.1',
  port: 1,
  entities: [Ticket, Voucher, Note, Contact, Country, Template, Forgotten],
});
