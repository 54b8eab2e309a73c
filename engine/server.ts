import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ApiError } from '../src/errors/api-error.js';
import { toApiError } from '../src/errors/error-body.js';
import { AnswerWriter } from './answer.js';
import { tokenCheck } from './token-check.js';
import { checkBody } from './check-body.js';
import type { ChoicePart } from './complete-prompt.js';
import { toCompletionRequest } from './completion-request.js';
import type { Engine } from './engine.js';
import { readJsonBody } from './read-body.js';
import { endEvents, sendError, sendEvent, sendJson } from './respond.js';

const BODY_LIMIT_BYTES = 10 * 2 ** 20;

type Handler = (
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
) => Promise<void> | void;

const ROUTES: readonly { method: string; path: RegExp; handle: Handler }[] = [
  { method: 'POST', path: /^\/v1\/completions$/, handle: createCompletion },
  { method: 'GET', path: /^\/v1\/models$/, handle: listModels },
  { method: 'GET', path: /^\/v1\/models\/.+$/, handle: getModel },
  { method: 'GET', path: /^\/health$/, handle: showHealth },
];

/** The engine's HTTP server. With a `token`, every route requires it as `Authorization: Bearer`. */
export function createEngineServer(engine: Engine, logError: (error: unknown) => void, token?: string): Server {
  const requireToken = tokenCheck(token);
  const server = createServer((request, response) => {
    // Once the server is closing, idle connections must not keep it open.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
    answer(engine, request, response, requireToken).catch((thrown: unknown) => {
      // The client disconnected: no answer to write.
      if (response.destroyed) return;
      const error = toApiError(thrown);
      if (error.status >= 500) logError(error.cause ?? error);
      sendError(response, error);
    });
  });
  // With a timeout, a client that pools connections would now and then send on one that is being closed.
  server.keepAliveTimeout = 0;
  return server;
}

async function answer(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
  requireToken: (request: IncomingMessage) => void,
): Promise<void> {
  requireToken(request);
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const routes = ROUTES.filter((route) => route.path.test(path));
  const route = routes.find(({ method }) => method === request.method);
  if (route) {
    await route.handle(engine, request, response, path);
    return;
  }
  if (routes.length === 0) throw new ApiError(404, 'not_found', `There is nothing at ${path}.`);
  const allow = routes.map(({ method }) => method).join(', ');
  throw new ApiError(405, 'method_not_allowed', `${path} does not take ${request.method ?? 'this'}, but ${allow}.`, {
    headers: { Allow: allow },
  });
}

async function createCompletion(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('the client closed the connection'));
  });
  const body = checkBody(await readJsonBody(request, BODY_LIMIT_BYTES));
  if (body.model !== engine.model.name) throw modelNotFound(body.model);
  const completion = toCompletionRequest(body, engine.model);
  const writer = new AnswerWriter(completion, engine.model);

  if (!completion.stream) {
    const parts: ChoicePart[] = [];
    const usage = await engine.complete(completion, gone.signal, (part) => void parts.push(part));
    sendJson(response, 200, writer.answer(parts, usage));
    return;
  }
  const usage = await engine.complete(completion, gone.signal, (part, usageSoFar) =>
    sendEvent(response, writer.chunkOf(part, usageSoFar), gone.signal),
  );
  if (completion.stream.includeUsage) await sendEvent(response, writer.usageChunk(usage), gone.signal);
  endEvents(response);
}

function listModels({ model }: Engine, _request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { object: 'list', data: [describeModel(model.name)] });
}

function getModel({ model }: Engine, _request: IncomingMessage, response: ServerResponse, path: string): void {
  const id = decodeModelId(path.slice('/v1/models/'.length));
  if (id !== model.name) throw modelNotFound(id);
  sendJson(response, 200, describeModel(id));
}

function showHealth({ model, state }: Engine, _request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { status: 'ok', model: model.name, ...state });
}

/** OpenAI's model object. `created` is required, and has no meaning for a local file. */
function describeModel(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'local' };
}

/** Invalid percent-encoding is kept as it is: no model has such a name. */
function decodeModelId(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function modelNotFound(id: string): ApiError {
  return new ApiError(404, 'model_not_found', `The model "${id}" does not exist.`, { param: 'model' });
}
