import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { hashApiKey } from './api-key-hash.js';
import { proxyFor } from './proxy-for.js';
import { GatewayConfig } from './config.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration that cannot be used: every problem, path by path. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    readonly source: string,
    readonly problems: string[],
  ) {
    super([`The configuration cannot be used (${source}):`, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
  }
}

/** The file to read, and whether it must be there: `GATEWAY_CONFIG`, else `gateway.yaml` in the working directory. */
export function configPath(env: Environment): { path: string; required: boolean } {
  const path = env.GATEWAY_CONFIG;
  return path ? { path, required: true } : { path: 'gateway.yaml', required: false };
}

/**
 * Reads the configuration: the YAML file, then what the environment adds or overrides.
 *
 * @throws {ConfigError} with every problem, not the first only.
 */
export function loadConfig(env: Environment): GatewayConfig {
  const { path, required } = configPath(env);
  const text = readOptional(path, required);
  const source = text === undefined ? 'the environment' : path;
  try {
    return parseConfig(text, source, env);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // An alias within itself, an option called `constructor`: what the libraries that read it do not expect.
    throw new ConfigError(source, [`it cannot be understood: ${(error as Error).message}`]);
  }
}

/** Who only tries the gateway out keeps its keys; whoever has configured something gets what it says. */
function defaultDatabase(hasFile: boolean, env: Environment): string {
  return hasFile || env.UPSTREAM_BASE_URL || env.NODE_ENV === 'production' ? 'none' : 'embedded';
}

function parseConfig(text: string | undefined, source: string, env: Environment): GatewayConfig {
  const problems: string[] = [];

  const raw = resolveReferences(parseYaml(text ?? '', problems), env, '', problems);
  if (raw !== null && (typeof raw !== 'object' || Array.isArray(raw)))
    problems.push('the file must be a map of options');
  if (problems.length > 0) throw new ConfigError(source, problems);

  const plain = withEnvironment((raw ?? {}) as Section, env, problems);
  plain.database ??= defaultDatabase(text !== undefined, env);
  const config = plainToInstance(GatewayConfig, plain, { exposeDefaultValues: true });
  const errors = validateSync(config, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
  problems.push(...errors.flatMap((error) => describe(error, '', env)));
  if (problems.length > 0) throw new ConfigError(source, problems);
  for (const upstream of config.upstreams) {
    const proxy = upstream.proxy ?? proxyFor(upstream.baseUrl, env);
    if (proxy !== undefined) upstream.proxy = proxy;
  }
  return config;
}

type Section = Record<string, unknown>;

function readOptional(path: string, required: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigError(path, [`the file cannot be read: ${(error as Error).message}`]);
  }
}

function parseYaml(text: string, problems: string[]): unknown {
  const document = parseDocument(text);
  // The first line of a message says what and where; the others quote the file, in which there may be a secret.
  problems.push(...document.errors.map(({ message }) => (message.split('\n', 1)[0] ?? '').replace(/:$/, '')));
  if (document.errors.length > 0) {
    if (/[{,][^\n]*\$\{/.test(text)) problems.push('inside { } and [ ], a reference stands in quotes: "${NAME}"');
    return null;
  }
  try {
    return document.toJS();
  } catch (error) {
    // An alias without its anchor, or a file that grows without end through its aliases.
    problems.push((error as Error).message);
    return null;
  }
}

const REFERENCE = /\$\{([^}]*)(\}?)/g;

/**
 * Replaces `${NAME}`, and `${NAME:-default}`, in every string. An option without a value (`apiKeys:`, with everything
 * below it commented out) is not given.
 */
function resolveReferences(value: unknown, env: Environment, path: string, problems: string[]): unknown {
  if (typeof value === 'string') {
    return value.replace(REFERENCE, (reference, inner: string, end: string) => {
      const [, name, fallback] = /^([A-Za-z_]\w*)(?::-(.*))?$/.exec(inner) ?? [];
      if (name === undefined || end === '') {
        problems.push(`${path}: expected \${NAME} or \${NAME:-default} in place of ${reference}`);
        return '';
      }
      const found = env[name] === '' ? fallback : (env[name] ?? fallback);
      if (found === undefined) problems.push(`${path}: the environment variable ${name} is not set`);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => resolveReferences(item, env, `${path}[${index}]`, problems));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([key, child]) => [key, resolveReferences(child, env, join(path, key), problems)]),
  );
}

/** What the environment alone can say. `HOST`, `PORT`, `WORKERS`, `LOG_LEVEL`, `LIMITS_STORE`, `DATABASE` and `DATA_DIR` override the file; the rest must not contradict it. */
function withEnvironment(file: Section, env: Environment, problems: string[]): Section {
  const config: Section = { ...file, ...definedOf({ database: env.DATABASE, dataDir: env.DATA_DIR }) };
  override(config, 'server', { host: env.HOST, port: env.PORT, workers: env.WORKERS });
  override(config, 'log', { level: env.LOG_LEVEL });
  withTracing(config, env);
  override(config, 'embedded', { model: env.EMBEDDED_MODEL });
  override(config, 'limits', { store: env.LIMITS_STORE });

  const keys = [
    ...keysIn('API_KEYS', env, problems).map((hash, index) => ({ id: `env-${index + 1}`, hash })),
    ...keysIn('ADMIN_API_KEYS', env, problems).map((hash, index) => ({
      id: `env-admin-${index + 1}`,
      hash,
      admin: true,
    })),
  ];
  if (keys.length > 0) {
    const fromFile = Array.isArray(file.apiKeys) ? (file.apiKeys as unknown[]) : [];
    config.apiKeys = [...fromFile, ...keys];
  }

  const upstream = definedOf({
    baseUrl: env.UPSTREAM_BASE_URL,
    apiKey: env.UPSTREAM_API_KEY,
    engine: env.UPSTREAM_ENGINE,
  });
  if (Object.keys(upstream).length === 0) return config;
  const variables = 'UPSTREAM_BASE_URL, UPSTREAM_API_KEY and UPSTREAM_ENGINE';
  if (file.upstreams !== undefined) {
    problems.push(`upstreams: given in the file and by ${variables}; remove one of the two`);
  } else if (!upstream.baseUrl) {
    problems.push(
      `UPSTREAM_BASE_URL: expected with UPSTREAM_API_KEY or UPSTREAM_ENGINE, such as http://127.0.0.1:8000/v1`,
    );
  } else {
    config.upstreams = [{ name: 'default', ...upstream }];
  }
  return config;
}

/** The hashes of a variable's keys. */
function keysIn(variable: 'API_KEYS' | 'ADMIN_API_KEYS', env: Environment, problems: string[]): string[] {
  const given = (env[variable] ?? '').split(',').map((key) => key.trim());
  const keys = [...new Set(given.filter((key) => key !== ''))];
  if (keys.some((key) => !/^[\x21-\x7e]+$/.test(key)))
    problems.push(`${variable}: each must be printable ASCII without spaces, with commas between them`);
  return keys.map(hashApiKey);
}

/** OpenTelemetry's own variables. Where nothing is traced they may be meant for others, and are not looked at. */
function withTracing(config: Section, env: Environment): void {
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') {
    delete config.tracing;
    return;
  }
  override(config, 'tracing', { endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT });
  if ((config.tracing as Section | undefined)?.endpoint === undefined) return;
  override(config, 'tracing', {
    sampler: env.OTEL_TRACES_SAMPLER,
    samplerArgument: env.OTEL_TRACES_SAMPLER_ARG,
    serviceName: env.OTEL_SERVICE_NAME,
    resourceAttributes: env.OTEL_RESOURCE_ATTRIBUTES,
  });
}

function override(config: Section, name: string, values: Record<string, string | undefined>): void {
  const defined = definedOf(values);
  const section = config[name] ?? {};
  // A section that is not a map is left for the validation to refuse.
  if (Object.keys(defined).length > 0 && typeof section === 'object') config[name] = { ...section, ...defined };
}

/** An empty variable counts as not set, as docker compose passes those. */
function definedOf(values: Record<string, string | undefined>): Section {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

/** The options that a variable sets, so that a problem names what its reader has written. */
const VARIABLES: Readonly<Record<string, string>> = {
  'server.host': 'HOST',
  'server.port': 'PORT',
  'server.workers': 'WORKERS',
  'log.level': 'LOG_LEVEL',
  database: 'DATABASE',
  dataDir: 'DATA_DIR',
  'tracing.endpoint': 'OTEL_EXPORTER_OTLP_ENDPOINT',
  'tracing.sampler': 'OTEL_TRACES_SAMPLER',
  'tracing.samplerArgument': 'OTEL_TRACES_SAMPLER_ARG',
  'tracing.serviceName': 'OTEL_SERVICE_NAME',
  'tracing.resourceAttributes': 'OTEL_RESOURCE_ATTRIBUTES',
  'embedded.model': 'EMBEDDED_MODEL',
  'limits.store': 'LIMITS_STORE',
  'upstreams[0].baseUrl': 'UPSTREAM_BASE_URL',
  'upstreams[0].apiKey': 'UPSTREAM_API_KEY',
  'upstreams[0].engine': 'UPSTREAM_ENGINE',
};

function describe(error: ValidationError, parent: string, env: Environment): string[] {
  const path = /^\d+$/.test(error.property) ? `${parent}[${error.property}]` : join(parent, error.property);
  const variable = VARIABLES[path];
  const place = variable !== undefined && env[variable] ? `${variable} (${path})` : path;
  const constraints = error.constraints ?? {};
  // What has the wrong type breaks the other rules of its option, too.
  const wrongType = constraints.isArray ?? constraints.isString;
  if (wrongType !== undefined) return [`${place}: ${wrongType}`];
  const messages = new Set(Object.entries(constraints).map(([rule, message]) => explain(rule, message, error)));
  return [
    ...[...messages].map((message) => `${place}: ${message}`),
    ...(error.children ?? []).flatMap((child) => describe(child, path, env)),
  ];
}

function explain(rule: string, message: string, { target }: ValidationError): string {
  if (rule !== 'whitelistValidation') return message;
  const options = getMetadataStorage().getTargetValidationMetadatas(target?.constructor ?? Object, '', true, false);
  return `no such option; there are ${[...new Set(options.map(({ propertyName }) => propertyName))].join(', ')}`;
}

function join(parent: string, key: string): string {
  return parent === '' ? key : `${parent}.${key}`;
}
