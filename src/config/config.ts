import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsOptional, IsUrl, Matches } from 'class-validator';
import {
  AllDiffer,
  IsHeaderText,
  IsListOfSections,
  IsListOfStrings,
  IsMilliseconds,
  IsName,
  IsNonEmptyString,
  IsOneOf,
  IsSection,
  IsSwitch,
  IsWholeNumber,
} from './config-rules.js';
import { IsModelMap } from './model-map.js';

/**
 * Every option of the gateway with its default and unit, on one page. `gateway.example.yaml` shows them in use.
 */

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const ENGINES = [
  'openai',
  'vllm',
  'llama.cpp',
  'ollama',
  'sglang',
  'tgi',
  'localai',
  'llama-cpp-python',
  'deepfellow',
  'embedded',
] as const;

const EXTRA_PARAMETERS = ['forward', 'refuse'] as const;

export class ServerConfig {
  /** The address to listen on. 0.0.0.0 for all, as in a container. */
  @IsNonEmptyString()
  host = '127.0.0.1';

  /** 0 lets the system choose. */
  @IsWholeNumber(0, 65_535)
  port = 8080;

  /** The largest request body that is read. */
  @IsWholeNumber(1, 2_147_483_647)
  bodyLimitBytes = 10_485_760;

  /** How long an idle connection is kept. Longer than the load balancer keeps it, or it sends into a closing one. */
  @IsMilliseconds(1)
  keepAliveTimeoutMs = 75_000;

  /** After SIGTERM: how long the gateway still serves as before while `/readyz` already says no. */
  @IsMilliseconds(0)
  shutdownDelayMs = 0;

  /** After that: how long requests that are under way may take to end. */
  @IsMilliseconds(0)
  drainTimeoutMs = 30_000;

  /** A stream that has begun gets a `:` comment each time that nothing was sent for so long. */
  @IsMilliseconds(1)
  heartbeatMs = 15_000;
}

export class LogConfig {
  /** `info` writes one line a request. */
  @IsOneOf(LOG_LEVELS)
  level: (typeof LOG_LEVELS)[number] = 'info';
}

export class TimeoutsConfig {
  /** To open a connection, TLS included. */
  @IsMilliseconds(1)
  connectMs = 2_000;

  /** From the request sent to the first byte of the answer's body: queueing and prefill. */
  @IsMilliseconds(1)
  firstByteMs = 120_000;

  /** Between two pieces of a streamed answer. */
  @IsMilliseconds(1)
  idleMs = 30_000;

  /** The whole request. */
  @IsMilliseconds(1)
  totalMs = 600_000;
}

export class UpstreamConfig {
  /** How logs and metrics call it. Callers never see it. */
  @IsName()
  name: string;

  /** Up to and with `/v1`: `http://127.0.0.1:8000/v1`. */
  @IsUrl(
    {
      protocols: ['http', 'https'],
      require_protocol: true,
      require_tld: false,
      // As services are called in docker compose.
      allow_underscores: true,
      // A credential belongs in apiKey: this one would be dropped.
      disallow_auth: true,
      allow_query_components: false,
      allow_fragments: false,
    },
    { message: 'must be an http or https URL without user and query, such as http://127.0.0.1:8000/v1' },
  )
  baseUrl: string;

  /** The software behind it. */
  @IsOneOf(ENGINES)
  engine: (typeof ENGINES)[number] = 'openai';

  /** The upstream credential, sent as `Authorization: Bearer …`. */
  @IsOptional()
  @IsHeaderText()
  apiKey?: string;

  /**
   * What it serves: a list of names, or a map from the requested name to the upstream's. Without it the upstream is
   * asked for every model that no upstream names.
   */
  @IsOptional()
  @IsModelMap()
  models?: Record<string, string> | string[];

  /** Pass `OpenAI-Organization` and `OpenAI-Project` on. */
  @IsSwitch()
  forwardTenant = false;

  /** Fields that the contract does not list: sent on, or refused with 422 `extra_forbidden`. */
  @IsOneOf(EXTRA_PARAMETERS)
  extraParameters: (typeof EXTRA_PARAMETERS)[number] = 'forward';

  @IsSection()
  @Type(() => TimeoutsConfig)
  timeouts = new TimeoutsConfig();
}

export class ApiKeyConfig {
  /** How the access log calls it. */
  @IsName()
  id: string;

  /** `npm run key` makes it: the SHA-256 of the key. The key itself is not stored. */
  @Matches(/^sha256:[0-9a-f]{64}$/, {
    message: 'must be "sha256:" and 64 hex digits, as `npm run key` prints it',
  })
  hash: string;

  /** The organization that the key belongs to. */
  @IsOptional()
  @IsHeaderText()
  organization?: string;

  /** The only project that the key may act for; without it, every project of the organization. */
  @IsOptional()
  @IsHeaderText()
  project?: string;

  /** The only models that the key may use; without it, all. */
  @IsOptional()
  @IsListOfStrings()
  models?: string[];
}

export class EmbeddedConfig {
  /** The GGUF file that is served when no upstream is configured; without it, the storyteller that comes along. */
  @IsOptional()
  @IsNonEmptyString()
  model?: string;
}

export class GatewayConfig {
  @IsSection()
  @Type(() => ServerConfig)
  server = new ServerConfig();

  @IsSection()
  @Type(() => LogConfig)
  log = new LogConfig();

  @IsSection()
  @Type(() => EmbeddedConfig)
  embedded = new EmbeddedConfig();

  /** In the order of preference. Empty: the embedded engine. */
  @IsListOfSections()
  @Type(() => UpstreamConfig)
  @AllDiffer('name')
  upstreams: UpstreamConfig[] = [];

  @IsListOfSections()
  @Type(() => ApiKeyConfig)
  @AllDiffer('id')
  @AllDiffer('hash')
  apiKeys: ApiKeyConfig[] = [];
}
