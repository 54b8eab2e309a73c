import type { GatewayConfig } from '../config/config.js';
import type { FirstKeys } from '../admin/first-keys.js';
import type { Upstream } from '../upstreams/upstream.js';

/** What the banner shows of an upstream. */
type Named = Pick<Upstream, 'config' | 'baseUrl'>;

export interface Running {
  url: string;
  config: GatewayConfig;
  upstreams: readonly Named[];
  /** The key that was made for this run, when none is configured. */
  temporaryKey: string | undefined;
  /** The keys of a new database, shown this once. */
  firstKeys?: FirstKeys | undefined;
}

/** What a person at a terminal wants to know once the gateway listens. */
export function bannerOf({ url, config, upstreams, temporaryKey, firstKeys }: Running): string {
  const lines = [`Listening on   ${url}`, `Swagger UI     ${url}/docs`, ...upstreams.map(describe)];
  if (temporaryKey !== undefined)
    lines.push(`API key        ${temporaryKey}   (for this run only; \`npm run key\` makes one to keep)`);
  if (firstKeys) {
    lines.push(`API key        ${firstKeys.apiKey}   (shown this once)`);
    lines.push(`Admin key      ${firstKeys.adminKey}   (shown this once; for ${url}/console and /v1/organization)`);
  }
  const key = temporaryKey ?? firstKeys?.apiKey ?? keyOf(config);
  lines.push('', 'Try it:', '', curlLine(url, modelOf(upstreams), key), '');
  if (firstKeys) {
    lines.push(`curl ${url}/v1/organization/projects -H "Authorization: Bearer ${firstKeys.adminKey}"`, '');
  }
  lines.push('Token by token: add -N after curl, and "stream":true to the body.', '');
  return `\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`;
}

function describe({ config, baseUrl }: Named): string {
  return `Upstream       ${config.name}: ${config.engine === 'embedded' ? 'llama.cpp, in a child process' : (baseUrl ?? '')}`;
}

function modelOf([upstream]: readonly Named[]): string {
  const models = upstream?.config.models ?? [];
  const [name] = Array.isArray(models) ? models : Object.keys(models);
  return name ?? 'YOUR_MODEL';
}

/** A configured key is a hash, so that it cannot be printed. */
function keyOf({ apiKeys, database }: GatewayConfig): string {
  return apiKeys.length > 0 || database !== 'none' ? '$API_KEY' : '';
}

function curlLine(url: string, model: string, key: string): string {
  const body = JSON.stringify({ model, prompt: 'Once upon a time', max_tokens: 48 });
  return `curl ${url}/v1/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '${body}'`;
}
