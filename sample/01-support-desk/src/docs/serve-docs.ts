import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { describeResources } from 'nestjs-muck/openapi';
import { TICKET_PRIORITIES, TICKET_STATUSES } from '../support-tickets/support-ticket.entity.js';
import { USER_ROLES } from '../users/user.entity.js';

/** Swagger UI brings its own styles along in the page, and small pictures as data. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

const HOW_TO_SIGN_IN = [
  'Each request but the login needs a token. Execute `POST /api/auth/login` below with its example, which signs in an agent of Acme,',
  'copy `accessToken` from the response, press **Authorize** and paste it; it stays until you log out.',
  '`root@platform.example` writes the newsfeed. All demo accounts have the password `demo`.',
].join(' ');

interface HeaderSetter {
  setHeader(name: string, value: string): unknown;
}

/** Serves the API's description at `/api/docs-json`, and as a page to try it on at `/api/docs`. Anybody may read it. */
export function serveDocs(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Support desk')
    .setVersion('1.0')
    .setDescription(HOW_TO_SIGN_IN)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addTag('Health', 'For a load balancer.')
    .addTag('Auth', 'Tokens, and whom they name.')
    .addTag('Organization', "The caller's organization.")
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  const document = describeResources(app, SwaggerModule.createDocument(app, config), {
    enums: { TicketPriority: TICKET_PRIORITIES, TicketStatus: TICKET_STATUSES, UserRole: USER_ROLES },
  });
  app.use('/api/docs', (_request: unknown, response: HeaderSetter, next: () => void) => {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    next();
  });
  SwaggerModule.setup('docs', app, document, {
    useGlobalPrefix: true,
    swaggerOptions: { persistAuthorization: true },
  });
}
