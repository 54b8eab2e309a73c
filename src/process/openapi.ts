import type { Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { AdministrationModule } from '../admin/administration.module.js';
import { CompletionsModule } from '../completions/completions.module.js';
import { HealthModule } from '../health/health.module.js';
import { ModelsModule } from '../models/models.module.js';

const BEARER = 'apiKey';

const TITLE = 'Completions gateway';
const ADMIN_TITLE = `${TITLE}: administration`;

const DESCRIPTION = `One endpoint, \`POST /v1/completions\`, in front of any engine that people host themselves.

To try it: press **Authorize** and paste your API key (a gateway for which none is configured prints one when it starts),
open \`POST /v1/completions\`, choose one of its examples, and press **Execute**.`;

/** The OpenAPI document, from the controllers and DTO classes. */
export function buildOpenApi(app: NestExpressApplication): OpenAPIObject {
  const modules = [CompletionsModule, ModelsModule, HealthModule];
  return build(app, { title: TITLE, description: DESCRIPTION, bearer: 'Your API key.', modules });
}

const ADMIN_DESCRIPTION = `Organizations, projects, API keys and the audit log, as OpenAI's administration API has them
(https://platform.openai.com/docs/api-reference/administration), with DeepFellow's \`/admin/organization\` beside it.

It needs an admin key (\`dfadmin_…\`), a key of the organization (\`dforg_…\`), or a key with \`admin: true\`, and a gateway with a database.`;

/** The document of the administration API: clients of the completions API stay small without it. */
export function buildAdminOpenApi(app: NestExpressApplication): OpenAPIObject {
  const modules = [AdministrationModule];
  return build(app, { title: ADMIN_TITLE, description: ADMIN_DESCRIPTION, bearer: 'Your admin key.', modules });
}

interface Content {
  title: string;
  description: string;
  /** What the bearer token is. */
  bearer: string;
  /** Whose controllers are described. */
  modules: Type[];
}

function build(app: NestExpressApplication, { title, description, bearer, modules }: Content): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(title)
    .setDescription(description)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addSecurity(BEARER, { type: 'http', scheme: 'bearer', description: bearer })
    .addSecurityRequirements(BEARER)
    .build();
  return SwaggerModule.createDocument(app, config, {
    include: modules,
    operationIdFactory: (_, method) => method,
  });
}

/** Swagger UI at `/docs`, the document at `/openapi.json`; of the administration API, `/docs/admin` and `/openapi-admin.json`. */
export function serveOpenApi(app: NestExpressApplication): void {
  // The longer path first: `/docs` would take it.
  setUp(app, 'docs/admin', 'openapi-admin', ADMIN_TITLE, buildAdminOpenApi);
  setUp(app, 'docs', 'openapi', TITLE, buildOpenApi);
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
