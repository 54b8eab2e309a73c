import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const BEARER = 'apiKey';

const DESCRIPTION = `One endpoint, \`POST /v1/completions\`, in front of any engine that people host themselves.

To try it: press **Authorize** and paste your API key (a gateway for which none is configured prints one when it starts),
open \`POST /v1/completions\`, choose one of its examples, and press **Execute**.`;

/** The OpenAPI document, from the controllers and DTO classes. */
export function buildOpenApi(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Completions gateway')
    .setDescription(DESCRIPTION)
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
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // Schemas are shown, unfolded, where they are used; the list of all stays folded.
      defaultModelExpandDepth: 3,
      defaultModelsExpandDepth: 0,
    },
  });
}
