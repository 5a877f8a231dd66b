import { attacks } from '../support/attack.js';
import { Ticket } from '../support/desk.js';

attacks('reading', {
  'a find without conditions sees own rows only': ({ repo }) => repo(Ticket).find(),
  'an update': ({ repo }) => repo(Ticket).update({ id: 9001 }, { subject: 'x' }),
});
