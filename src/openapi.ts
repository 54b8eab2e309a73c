import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const BEARER = 'apiKey';

/** The OpenAPI document, from the controllers and DTO classes. */
export function buildOpenApi(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Completions gateway')
    .setDescription('One endpoint, `POST /v1/completions`, in front of any engine that people host themselves.')
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addSecurity(BEARER, { type: 'http', scheme: 'bearer', description: 'Your API key.' })
    .addSecurityRequirements(BEARER)
    .build();
  return SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_, method) => method,
  });
}

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export function serveOpenApi(app: NestExpressApplication): void {
  SwaggerModule.setup('docs', app, () => buildOpenApi(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Completions gateway',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}
