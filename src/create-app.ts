import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { type AppParts, AppModule } from './app.module.js';
import { createJsonBodyParser, JSON_BODY_PARSER } from './completions/json-body.decorator.js';
import { refuseWhileDraining, ShutdownState } from './health/shutdown.js';
import { serveOpenApi } from './openapi.js';
import { accessLog } from './telemetry/access-log.js';
import { NestLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';

/** The whole application, not yet listening: the same for `main`, for the tests and for the OpenAPI document. */
export async function createApp(parts: AppParts): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(parts), {
    // The body is read by the route that wants one, after the guard.
    bodyParser: false,
    logger: new NestLogger(parts.logger),
    abortOnError: false,
  });
  // What Express does for web sites costs time here and changes nothing.
  app.disable('x-powered-by').disable('etag').disable('query parser');
  // Before every route, Nest's and Swagger's, and before a malformed path is looked at: each answer has its id and line.
  app.use(accessLog(parts.logger, parts.clock, app.get(Metrics)));
  // As plain middleware: Nest's would match a path for every request.
  app.use(refuseWhileDraining(app.get(ShutdownState)));
  const { server } = parts.config;
  (app.getHttpAdapter().getInstance() as { set(name: string, value: unknown): void }).set(
    JSON_BODY_PARSER,
    createJsonBodyParser(server.bodyLimitBytes),
  );
  app.getHttpServer().keepAliveTimeout = server.keepAliveTimeoutMs;
  serveOpenApi(app);
  return app;
}
