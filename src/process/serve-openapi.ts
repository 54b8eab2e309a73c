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

/** The document with the address that the client knows the gateway by. The page takes one relative to its own: a proxy may speak another protocol with the browser. */
function asServed(document: OpenAPIObject, request: Request): OpenAPIObject {
  return { ...document, servers: [{ url: request.path.endsWith('.js') ? '/' : originOf(request) }] };
}

/** Its examples name a model of this gateway; the last one is remembered. */
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

/** Known without a request upstream: the document is public. */
function firstModelOf(app: NestExpressApplication): string {
  const [first] = app.get(UpstreamRegistry).upstreams.flatMap(({ models }) => models.names);
  return first ?? 'NAME_OF_A_MODEL';
}
