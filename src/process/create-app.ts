import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { type AppParts, AppModule } from '../app.module.js';
import { BodyBudget } from '../http/body-budget.js';
import { JSON_BODY_READER } from '../http/json-body.decorator.js';
import { JsonBodyReader } from '../http/json-body-reader.js';
import { corsOf } from '../http/cors.js';
import { guardDocuments } from './document-pages.js';
import { serveOpenApi } from './serve-openapi.js';
import { exchangeMiddleware } from '../observability/exchange-middleware.js';
import { ExchangeObservers } from '../observability/exchange-observers.js';
import { Tracing } from '../observability/tracing/tracing.js';
import { NestLogger } from '../observability/logger.js';

/** The whole application, not yet listening: the same for `start`, for the tests and for the OpenAPI document. */
export async function createApp(parts: AppParts): Promise<NestExpressApplication> {
  const adapter = new ExpressAdapter();
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(parts), adapter, {
    // The body is read by the route that wants one, after the guard.
    bodyParser: false,
    logger: new NestLogger(parts.logger),
    abortOnError: false,
  });
  // What Express does for web sites costs time here and changes nothing.
  app.disable('x-powered-by').disable('etag').disable('query parser');
  // Before every route, Nest's and Swagger's, and before a malformed path is looked at: each answer has its id and line.
  // In the adapter's own hook, and not in layers of Express's: those match a path for every request.
  const cors = corsOf(parts.config.server.cors);
  const begin = exchangeMiddleware(parts.clock, app.get(ExchangeObservers), app.get(Tracing).tracer);
  adapter.setOnRequestHook((request, response, next) => {
    begin(request, response);
    if (cors?.(request, response)) return;
    next(guardDocuments(request, response));
  });
  const { server } = parts.config;
  app.set(JSON_BODY_READER, new JsonBodyReader(server.bodyLimitBytes, new BodyBudget(server.bodyBudgetBytes)));
  app.getHttpServer().keepAliveTimeout = server.keepAliveTimeoutMs;
  serveOpenApi(app);
  return app;
}
