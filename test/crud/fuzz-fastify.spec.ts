import { sendThousands } from './fuzz/requests.js';

sendThousands('fastify');
