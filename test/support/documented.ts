import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';

type Responses = Partial<Record<string, { content?: Partial<Record<string, object>> }>>;

interface Document {
  paths: Partial<Record<string, Partial<Record<string, { responses: Responses }>>>>;
}

/** The original: tests spy on JSON.parse to count what the gateway parses. */
const parse = JSON.parse.bind(JSON) as (json: string) => unknown;

const document = parse(readFileSync('openapi.json', 'utf8')) as Document;
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, 'document');

/** By route, status and media type. */
const checks = new Map<string, ValidateFunction>();

/**
 * The response, which throws when it is read and contradicts `openapi.json`. A body that is no JSON is left to the test, and
 * so is a route without documentation.
 */
export function documented(response: Response, method: string, path: string): Response {
  const { pathname } = new URL(path, 'http://gateway');
  const route = document.paths[pathname] ? pathname : pathname.replace(/^\/v1\/models\/.*/, '/v1/models/{id}');
  const responses = document.paths[route]?.[method.toLowerCase()]?.responses;
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
  if (!responses || type !== 'application/json') return response;
  const text = response.text.bind(response);
  const read = async (): Promise<string> => {
    const json = await text();
    const value = parsed(json);
    if (value !== undefined) expectDocumented(route, method.toLowerCase(), response.status, value);
    return json;
  };
  return Object.assign(response, { text: read, json: async () => parse(await read()) });
}

function parsed(json: string): unknown {
  try {
    return parse(json);
  } catch {
    return undefined;
  }
}

function expectDocumented(route: string, method: string, status: number, value: unknown): void {
  if (!document.paths[route]?.[method]?.responses[String(status)]?.content?.['application/json']) {
    throw new Error(`${method} ${route} is not documented to answer ${status}: ${JSON.stringify(value)}`);
  }
  const pointer = [route, method, 'responses', String(status), 'content', 'application/json', 'schema'];
  const ref = `document#/paths/${pointer.map((each) => encodeURIComponent(each.replaceAll('/', '~1'))).join('/')}`;
  const check = checks.get(ref) ?? ajv.compile({ $ref: ref });
  checks.set(ref, check);
  if (check(value)) return;
  throw new Error(`${method} ${route} ${status} contradicts openapi.json: ${ajv.errorsText(check.errors)}`);
}
