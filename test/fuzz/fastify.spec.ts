import { sendThousands } from './requests.js';

sendThousands('fastify');
