import { parseArgs } from 'node:util';
import { UpstreamConfig } from '../../config/config.js';
import { APIS, ENGINES } from '../../engines/engine-names.js';
import { type Environment, loadConfig } from '../../config/load-config.js';
import { toModelMap } from '../../config/model-map.js';

export const USAGE = `usage: npm run doctor -- (--upstream NAME | --base-url URL) [--engine NAME] [--api API] [--model NAME]
                         [--api-key KEY] [--json]

  --upstream  an upstream of the gateway's configuration (GATEWAY_CONFIG, gateway.yaml or UPSTREAM_BASE_URL)
  --base-url  any server, up to and with /v1
  --engine    the profile to compare it with: ${ENGINES.join(', ')}
              (default: the upstream's own; with --base-url the closest is looked for)
  --api       ${APIS.join(' or ')} (default: the upstream's own; with --base-url completions)
  --model     the model to ask, by the server's name (default: the first that the upstream names, or that the server lists)
  --api-key   the server's credential (default: the upstream's own; with --base-url the variable UPSTREAM_API_KEY)
  --json      the results as JSON; run \`npm run --silent doctor\`, so that npm writes nothing around them

It sends 100 to 200 requests, one after the other, all small but for three long prompts, and exits with 0 when the profile is
true, with 1 when it claims more than the server does, and with 2 when nothing could be examined.
`;

/** What the doctor cannot work with, and what to do about it. */
export class DoctorError extends Error {
  override readonly name = 'DoctorError';
}

export interface Settings {
  /** What is examined, as the configuration has it or would have it. */
  upstream: UpstreamConfig;
  /** Whether the configuration or the command line names the engine. */
  isEngineKnown: boolean;
  /** Undefined: the first of the server's own list. */
  model: string | undefined;
  asJson: boolean;
}

/** @throws {DoctorError} that says what is wrong with the arguments, or {ConfigError} with the configuration. */
export function readSettings(commandLine: string[], environment: Environment): Settings | 'help' {
  const values = parse(commandLine);
  if (values.help) return 'help';
  const { upstream: name, 'base-url': baseUrl, json: asJson = false } = values;
  if ((name === undefined) === (baseUrl === undefined)) {
    throw new DoctorError(`Expected either --upstream or --base-url.\n\n${USAGE}`);
  }
  const upstream = name === undefined ? anyServer(baseUrl ?? '', environment) : configured(name, environment);
  if (values.engine !== undefined) upstream.engine = oneOf('--engine', ENGINES, values.engine);
  if (values.api !== undefined) upstream.api = oneOf('--api', APIS, values.api);
  if (values['api-key'] !== undefined) upstream.apiKey = values['api-key'];
  return {
    upstream,
    isEngineKnown: name !== undefined || values.engine !== undefined,
    model: values.model ?? namedModel(upstream),
    asJson,
  };
}

interface Values {
  [name: string]: string | boolean | undefined;
  upstream?: string;
  'base-url'?: string;
  engine?: string;
  api?: string;
  model?: string;
  'api-key'?: string;
  json?: boolean;
  help?: boolean;
}

function parse(args: string[]): Values {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        upstream: text,
        'base-url': text,
        engine: text,
        api: text,
        model: text,
        'api-key': text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new DoctorError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

function oneOf<T extends string>(option: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new DoctorError(`${option} must be one of: ${allowed.join(', ')}.`);
  return found;
}

function anyServer(baseUrl: string, environment: Environment): UpstreamConfig {
  const url = baseUrl.replace(/\/+$/, '');
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new DoctorError('--base-url must be an http or https URL, up to and with /v1: http://127.0.0.1:8000/v1.');
  }
  const upstream = Object.assign(new UpstreamConfig(), { name: 'server', baseUrl: url });
  if (environment.UPSTREAM_API_KEY) upstream.apiKey = environment.UPSTREAM_API_KEY;
  return upstream;
}

function configured(name: string, environment: Environment): UpstreamConfig {
  const { upstreams } = loadConfig(environment);
  const found = upstreams.find((upstream) => upstream.name === name);
  if (found) return found;
  throw new DoctorError(
    upstreams.length === 0
      ? 'No upstream is configured, so the gateway runs its embedded engine. Name a file with GATEWAY_CONFIG, or use --base-url.'
      : `The configuration has no upstream ${name}; there are ${upstreams.map((each) => each.name).join(', ')}.`,
  );
}

/** The upstream's name for the first model that the configuration has in full. */
function namedModel({ models }: UpstreamConfig): string | undefined {
  return models && [...toModelMap(models).values()].find((model) => !model.includes('*'));
}
