import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { describeResources } from 'nestjs-muck/openapi';

/** Swagger UI brings its own styles along in the page, and small pictures as data. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

interface HeaderSetter {
  setHeader(name: string, value: string): unknown;
}

/** Serves the API's description at `/api/docs-json`, and as a page to try it on at `/api/docs`. Anybody may read it. */
export function serveDocs(app: INestApplication): void {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Support desk')
    .setVersion('1.0')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  const document = describeResources(app, SwaggerModule.createDocument(app, config));
  app.use('/api/docs', (_request: unknown, response: HeaderSetter, next: () => void) => {
    response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    next();
  });
  SwaggerModule.setup('docs', app, document, { useGlobalPrefix: true });
}
