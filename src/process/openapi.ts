import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { AdministrationModule } from '../admin/administration.module.js';
import { CompletionsModule } from '../completions/completions.module.js';
import { HealthModule } from '../health/health.module.js';
import { ModelsModule } from '../models/models.module.js';

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
    include: [CompletionsModule, ModelsModule, HealthModule],
    operationIdFactory: (_, method) => method,
  });
}

const ADMIN_DESCRIPTION = `Organizations, projects, API keys and the audit log, as OpenAI's administration API has them
(https://platform.openai.com/docs/api-reference/administration), with DeepFellow's \`/admin/organization\` beside it.

It needs an admin key (\`dfadmin_…\`), a key of the organization (\`dforg_…\`), or a key with \`admin: true\`, and a gateway with a database.`;

/** The document of the administration API: clients of the completions API stay small without it. */
export function buildAdminOpenApi(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Completions gateway: administration')
    .setDescription(ADMIN_DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addSecurity(BEARER, { type: 'http', scheme: 'bearer', description: 'Your admin key.' })
    .addSecurityRequirements(BEARER)
    .build();
  return SwaggerModule.createDocument(app, config, {
    include: [AdministrationModule],
    operationIdFactory: (_, method) => method,
  });
}

/** Swagger UI at `/docs`, the document at `/openapi.json`; of the administration API, `/docs/admin` and `/openapi-admin.json`. */
export function serveOpenApi(app: NestExpressApplication): void {
  // The longer path first: `/docs` would take it.
  setUp(app, 'docs/admin', 'openapi-admin', 'Completions gateway: administration', buildAdminOpenApi);
  setUp(app, 'docs', 'openapi', 'Completions gateway', buildOpenApi);
}

function setUp(
  app: NestExpressApplication,
  path: string,
  document: string,
  title: string,
  build: (app: NestExpressApplication) => OpenAPIObject,
): void {
  SwaggerModule.setup(path, app, () => build(app), {
    jsonDocumentUrl: `${document}.json`,
    yamlDocumentUrl: `${document}.yaml`,
    customSiteTitle: title,
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
