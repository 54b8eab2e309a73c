import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { compileCheck } from '../src/contract/compiled-check.js';
import { CreateCompletionDto } from '../src/contract/create-completion.dto.js';
import { FIELD_NAMES } from './support/bodies.js';
import { GatewayProcess } from './support/gateway-process.js';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  required: string[];
}

interface Operation {
  operationId: string;
  summary: string;
  security?: unknown[];
  parameters: { name: string; in: string; required: boolean }[];
  requestBody: { required: boolean; content: Record<string, { examples: Record<string, { value: object }> }> };
  responses: Record<
    string,
    {
      description: string;
      headers?: object;
      content: Record<string, { schema: object; example?: unknown; examples?: Record<string, { value: unknown }> }>;
    }
  >;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
  security: unknown[];
}

const text = readFileSync('openapi.json', 'utf8');
const document = JSON.parse(text) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, ...operation })),
);
const completion = operationAt('POST /v1/completions');

function operationAt(route: string): Operation {
  const found = operations.find((each) => each.route === route);
  if (!found) throw new Error(`${route} is not documented`);
  return found;
}

describe('openapi.json', () => {
  it('is what the built program generates; `npm run openapi` brings it up to date', () => {
    expect(execFileSync(process.execPath, ['dist/src/cli/openapi.js'], { encoding: 'utf8' })).toBe(text);
  });

  it('has nothing of the administration API, which has a document of its own', () => {
    const admin = readFileSync('openapi-admin.json', 'utf8');
    expect(execFileSync(process.execPath, ['dist/src/cli/openapi.js', '--admin'], { encoding: 'utf8' })).toBe(admin);
    const { paths } = JSON.parse(admin) as Document;
    expect(Object.keys(paths).filter((path) => !/^\/(?:v1\/organization|admin\/organization)/.test(path))).toEqual([]);
    expect(Object.keys(document.paths).filter((path) => path in paths)).toEqual([]);
  });

  it.each(['openapi.json', 'openapi-admin.json'])('is valid OpenAPI 3.1, with nothing of 3.0: %s', async (file) => {
    const json = readFileSync(file, 'utf8');
    expect(await new Validator().validate(json)).toEqual({ valid: true });
    expect(json).toMatch(/"openapi": "3\.1\.\d"/);
    expect(json).not.toMatch(/"nullable":|"exclusiveM(?:in|ax)imum": (?:true|false)/);
  });

  it('has no default in a request: clients would send it', () => {
    expect(JSON.stringify(document.components.schemas)).not.toContain('"default":');
  });

  it.each(['openapi.json', 'openapi-admin.json'])('gives each number the format double: %s', (file) => {
    const json = readFileSync(file, 'utf8');
    const numbers = json.match(/"type": (?:"number"|\[\s*"number",\s*"null"\s*\])/g) ?? [];
    expect(json.match(/"format": "double"/g) ?? []).toHaveLength(numbers.length);
  });

  it('has an example of a stream, event by event', () => {
    const { schema, example } = completion.responses[200]?.content['text/event-stream'] ?? {};
    expect(schema).toMatchObject({ type: 'string' });
    const events = String(example).split('\n\n');
    expect(events.splice(-2)).toEqual(['data: [DONE]', '']);
    for (const event of events) expect(JSON.parse(event.replace(/^data: /, ''))).toHaveProperty('choices');
  });

  it('has no reference to a schema that it lacks', () => {
    const references = [...text.matchAll(/"\$ref": "#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.filter((name) => !Object.hasOwn(document.components.schemas, name ?? ''))).toEqual([]);
    expect(references).toContain('Issue');
  });

  it('lists the routes, each with its own name and a summary of one line', () => {
    expect(operations.map(({ route, operationId }) => `${route} ${operationId}`)).toEqual([
      'POST /v1/completions createCompletion',
      'GET /v1/models listModels',
      'GET /v1/models/{id} getModel',
      'GET /livez checkLiveness',
      'GET /readyz checkReadiness',
      'GET /health checkHealth',
    ]);
    for (const { summary } of operations) expect(summary).toMatch(/^[^\n]+$/);
  });

  it('names each parameter of a path', () => {
    for (const { route, parameters } of operations) {
      const inPath = parameters.filter((each) => each.in === 'path').map(({ name, required }) => ({ name, required }));
      const expected = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, required: true }));
      expect(inPath).toEqual(expected);
    }
  });

  it('asks for a key, but for the public routes', () => {
    expect(document.security).toEqual([{ apiKey: [] }]);
    const open = operations.filter(({ security }) => security).map(({ route, security }) => ({ route, security }));
    expect(open).toEqual([
      { route: 'GET /livez', security: [] },
      { route: 'GET /readyz', security: [] },
      { route: 'GET /health', security: [] },
    ]);
  });

  it('describes every field of every schema, and all 18 of the request', () => {
    const { CreateCompletionRequest: request } = document.components.schemas;
    expect(Object.keys(request?.properties ?? {}).sort()).toEqual([...FIELD_NAMES].sort());
    expect(FIELD_NAMES).toHaveLength(18);
    expect(request?.required).toEqual(['model', 'prompt']);
    const undescribed = Object.entries(document.components.schemas).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties).flatMap(([field, { description }]) => (description ? [] : [`${name}.${field}`])),
    );
    expect(undescribed).toEqual([]);
  });

  it('documents every status that a completion can have, errors with their body and headers', () => {
    const { 200: good, ...errors } = completion.responses;
    expect(Object.keys(good?.content ?? {})).toEqual(['application/json', 'text/event-stream']);
    expect(Object.keys(errors).map(Number)).toEqual([400, 401, 403, 404, 413, 415, 422, 429, 500, 502, 503, 504]);
    for (const [status, { description, content, headers }] of Object.entries(errors)) {
      expect(description).not.toBe('');
      expect(content['application/json']?.schema).toEqual({ $ref: '#/components/schemas/ErrorBody' });
      expect(headers).toHaveProperty('x-request-id');
      if (status === '401') expect(headers).toHaveProperty('WWW-Authenticate');
      if (status === '429' || status === '503') expect(headers).toHaveProperty('Retry-After');
    }
  });

  it.each(['openapi.json', 'openapi-admin.json'])('has errors that are of their status and code, in %s', (file) => {
    const { paths } = JSON.parse(readFileSync(file, 'utf8')) as Document;
    const errors = Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ responses }) => Object.entries(responses))
      .filter(([status]) => Number(status) >= 400)
      .flatMap(([status, { content }]) =>
        Object.entries(content['application/json']?.examples ?? {}).map(([code, { value }]) => ({
          status,
          code,
          value,
        })),
      );
    expect(errors.length).toBeGreaterThan(10);
    for (const { status, code, value } of errors) {
      expect(value).toMatchObject({ error: { code, message: expect.stringMatching(/\w/) } });
      expect(Array.isArray((value as { detail: unknown }).detail)).toBe(status === '422');
    }
  });

  const { examples } = completion.requestBody.content['application/json'] ?? { examples: {} };
  it('has an example for each way to ask, in a body that is required', () => {
    expect(completion.requestBody.required).toBe(true);
    expect(Object.keys(examples)).toEqual(['text', 'tokens', 'batch', 'stream', 'logprobs', 'suffix']);
  });

  it.each(Object.entries(examples))('has an example that runs as it stands: %s', (_, { value }) => {
    expect(compileCheck(CreateCompletionDto)(value)).toBe(true);
  });
});

describe('the built gateway', () => {
  let program: GatewayProcess;
  let url: string;

  beforeAll(async () => {
    // This upstream gets no request.
    program = GatewayProcess.spawn({
      upstreams: [{ name: 'none', baseUrl: 'http://127.0.0.1:9/v1', models: ['llama3.1:8b', 'other'] }],
    });
    url = await program.listening();
  });

  afterAll(() => program.stop());

  it('serves the document without a key, with its own address and its first model', async () => {
    const response = await fetch(`${url}/openapi.json`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const own = JSON.parse(text.replaceAll('"storyteller"', '"llama3.1:8b"')) as Document;
    expect(await response.json()).toEqual({ ...own, servers: [{ url }] });
  });

  it('has Swagger UI send requests to the origin of the page, also behind a proxy with TLS', async () => {
    const script = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    expect(script).toMatch(/"servers": \[\s*\{\s*"url": "\/"/);
  });

  it('serves Swagger UI, which keeps the key when the page is loaded again', async () => {
    const page = await fetch(`${url}/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await page.text()).toContain('swagger-ui');
    const script = await fetch(`${url}/docs/swagger-ui-init.js`);
    expect(await script.text()).toContain('"persistAuthorization": true');
    expect((await fetch(`${url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });
});
