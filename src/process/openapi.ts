import type { Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { AdministrationModule } from '../admin/administration.module.js';
import { CompletionsModule } from '../completions/completions.module.js';
import { HealthModule } from '../health/health.module.js';
import { ModelsModule } from '../models/models.module.js';

const BEARER = 'apiKey';

const TITLE = 'Completions gateway';

/** Where `npm start` listens, for clients that are generated from the file. */
const DEFAULT_SERVER = 'http://127.0.0.1:8080';

const DESCRIPTION = `One endpoint, \`POST /v1/completions\`, in front of any engine that people host themselves.

To try it: press **Authorize** and paste your API key (a gateway for which none is configured prints one when it starts),
open \`POST /v1/completions\`, choose one of its examples, and press **Execute**.`;

const ADMIN_DESCRIPTION = `Organizations, projects, API keys and the audit log, as OpenAI's administration API has them
(https://platform.openai.com/docs/api-reference/administration), with DeepFellow's \`/admin/organization\` beside it.

It needs an admin key (\`dfadmin_…\`), a key of the organization (\`dforg_…\`), or a key with \`admin: true\`, and a gateway with a database.`;

/** An API with its own document. */
export interface DocumentedApi {
  title: string;
  description: string;
  /** What the bearer token is. */
  bearer: string;
  /** Whose controllers are described. */
  modules: Type[];
  /** The tags of the controllers, in the order of the page. */
  tags: Record<string, string>;
}

export const COMPLETIONS_API: DocumentedApi = {
  title: TITLE,
  description: DESCRIPTION,
  bearer: 'Your API key.',
  modules: [CompletionsModule, ModelsModule, HealthModule],
  tags: {
    Completions: 'Text for a prompt.',
    Models: 'What can be asked for completions.',
    Health: 'For load balancers and orchestrators; without a key.',
  },
};

/** Apart: clients of the completions API stay small without it. */
export const ADMINISTRATION_API: DocumentedApi = {
  title: `${TITLE}: administration`,
  description: ADMIN_DESCRIPTION,
  bearer: 'Your admin key.',
  modules: [AdministrationModule],
  tags: {
    Organizations: 'For administrators of the gateway.',
    Projects: 'Projects of the organization, and the models that their keys may use.',
    'Project API keys': 'Keys for completions.',
    'Service accounts': 'Identities of programs, and their keys.',
    'Admin API keys': 'Keys for this API.',
    'Audit logs': 'What administrators did.',
    Usage: 'What completions have used.',
  },
};

/** The OpenAPI document of an API, from its controllers and DTO classes. */
export function buildOpenApi(app: NestExpressApplication, api: DocumentedApi): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(api.title)
    .setDescription(api.description)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer(DEFAULT_SERVER)
    .addSecurity(BEARER, { type: 'http', scheme: 'bearer', description: api.bearer })
    .addSecurityRequirements(BEARER);
  for (const [name, description] of Object.entries(api.tags)) config.addTag(name, description);
  return SwaggerModule.createDocument(app, config.build(), {
    include: api.modules,
    operationIdFactory: (_, method) => method,
  });
}
