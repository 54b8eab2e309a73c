import type { NestExpressApplication } from '@nestjs/platform-express';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { Request } from 'express';
import { EMBEDDED_MODEL } from '../contract/completion-examples.js';
import { originOf } from '../http/origin.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import { ADMINISTRATION_API, buildOpenApi, COMPLETIONS_API, type DocumentedApi } from './openapi.js';
import { foldHeaders, PAGE_CSS } from './swagger-page.js';

/** Swagger UI at `/docs`, the document at `/openapi.json`; of the administration API, `/docs/admin` and `/openapi-admin.json`. */
export function serveOpenApi(app: NestExpressApplication): void {
  // The longer path first: `/docs` would take it.
  setUp(app, 'docs/admin', 'openapi-admin', ADMINISTRATION_API);
  setUp(app, 'docs', 'openapi', COMPLETIONS_API);
}

function setUp(app: NestExpressApplication, path: string, document: string, api: DocumentedApi): void {
  const withModel = modelNamer();
  SwaggerModule.setup(path, app, () => buildOpenApi(app, api), {
    jsonDocumentUrl: `${document}.json`,
    yamlDocumentUrl: `${document}.yaml`,
    customSiteTitle: api.title,
    customCss: PAGE_CSS,
    patchDocumentOnRequest: (request, _, built) => asServed(withModel(built, firstModelOf(app)), request as Request),
    swaggerOptions: {
      plugins: [foldHeaders],
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // Schemas are shown, unfolded, where they are used; the list of all stays folded.
      defaultModelExpandDepth: 3,
      defaultModelsExpandDepth: 0,
    },
  });
}

/** The document with the gateway's address as the client knows it. The page gets a relative one: a proxy may use another scheme. */
function asServed(document: OpenAPIObject, request: Request): OpenAPIObject {
  return { ...document, servers: [{ url: request.path.endsWith('.js') ? '/' : originOf(request) }] };
}

/** Makes the examples name a model of this gateway; the last document is kept. */
function modelNamer(): (document: OpenAPIObject, model: string) => OpenAPIObject {
  let named: { model: string; document: OpenAPIObject } | undefined;
  return (document, model) => {
    if (named?.model !== model) {
      const json = JSON.stringify(document, (_, value: unknown) => (value === EMBEDDED_MODEL ? model : value));
      named = { model, document: JSON.parse(json) as OpenAPIObject };
    }
    return named.document;
  };
}

/** Asks no upstream: the document is public. */
function firstModelOf(app: NestExpressApplication): string {
  const [first] = app.get(UpstreamRegistry).upstreams.flatMap(({ models }) => models.names);
  return first ?? 'NAME_OF_A_MODEL';
}
