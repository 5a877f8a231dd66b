import { attacks, crossedIf } from '../support/attack.js';
import { Member, Note, Ticket } from '../support/desk.js';
import { ACME_TICKETS, foreign } from '../support/world.js';

attacks('reading', {
  'a find without conditions sees own rows only': ({ repo }) => repo(Ticket).find(),
});
