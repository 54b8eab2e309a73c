import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { IsModelMap } from './model-map.js';

/**
 * Every option of the gateway with its default and unit, on one page. `gateway.example.yaml` shows them in use.
 *
 * A number may come from the environment (`port: ${PORT}`), hence `@Type(() => Number)`.
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

const MAX_TIMER_MS = 2_147_483_647;

/** A whole number of milliseconds; class-validator's decorators cannot be composed without losing their names. */
function Milliseconds(min: number): PropertyDecorator {
  return (target, key) => {
    for (const decorate of [Type(() => Number), IsInt(), Min(min), Max(MAX_TIMER_MS)]) decorate(target, key);
  };
}

export class ServerConfig {
  /** The address to listen on. 0.0.0.0 for all, as in a container. */
  @IsString()
  @MinLength(1)
  host = '127.0.0.1';

  /** 0 lets the system choose. */
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  port = 8080;

  /** The largest request body that is read. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  bodyLimitBytes = 10_485_760;

  /** How long an idle connection is kept. Longer than the load balancer keeps it, or it sends into a closing one. */
  @Milliseconds(1)
  keepAliveTimeoutMs = 75_000;

  /** After SIGTERM: how long the gateway still serves as before while `/readyz` already says no. */
  @Milliseconds(0)
  shutdownDelayMs = 0;

  /** After that: how long requests that are under way may take to end. */
  @Milliseconds(0)
  drainTimeoutMs = 30_000;

  /** A stream that has begun gets a `:` comment each time that nothing was sent for so long. */
  @Milliseconds(1)
  heartbeatMs = 15_000;
}

export class LogConfig {
  /** `info` writes one line a request. */
  @IsIn(LOG_LEVELS)
  level: (typeof LOG_LEVELS)[number] = 'info';
}

export class TimeoutsConfig {
  /** To open a connection, TLS included. */
  @Milliseconds(1)
  connectMs = 2_000;

  /** From the request sent to the first byte of the answer's body: queueing and prefill. */
  @Milliseconds(1)
  firstByteMs = 120_000;

  /** Between two pieces of a streamed answer. */
  @Milliseconds(1)
  idleMs = 30_000;

  /** The whole request. */
  @Milliseconds(1)
  totalMs = 600_000;
}

export class UpstreamConfig {
  /** How logs and metrics call it. Callers never see it. */
  @Matches(/^[\w.-]{1,64}$/, { message: '$property must be 1 to 64 letters, digits, dots, dashes or underscores' })
  name: string;

  /** Up to and with `/v1`: `http://127.0.0.1:8000/v1`. */
  @IsUrl(
    {
      protocols: ['http', 'https'],
      require_protocol: true,
      require_tld: false,
      allow_query_components: false,
      allow_fragments: false,
    },
    { message: '$property must be an http or https URL without a query, such as http://127.0.0.1:8000/v1' },
  )
  baseUrl: string;

  /** The software behind it. */
  @IsIn(ENGINES)
  engine: (typeof ENGINES)[number] = 'openai';

  /** The upstream credential, sent as `Authorization: Bearer …`. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  apiKey?: string;

  /**
   * What it serves: a list of names, or a map from the requested name to the upstream's. Without it the upstream is
   * asked for every model that no upstream names.
   */
  @IsOptional()
  @IsModelMap()
  models?: Record<string, string> | string[];

  /** Pass `OpenAI-Organization` and `OpenAI-Project` on. */
  @IsBoolean()
  forwardTenant = false;

  /** Fields that the contract does not list: sent on, or refused with 422 `extra_forbidden`. */
  @IsIn(['forward', 'refuse'])
  extraParameters: 'forward' | 'refuse' = 'forward';

  @ValidateNested()
  @Type(() => TimeoutsConfig)
  timeouts = new TimeoutsConfig();
}

export class ApiKeyConfig {
  /** How the access log calls it. */
  @Matches(/^[\w.-]{1,64}$/, { message: '$property must be 1 to 64 letters, digits, dots, dashes or underscores' })
  id: string;

  /** `npm run key` makes it: the SHA-256 of the key. The key itself is not stored. */
  @Matches(/^sha256:[0-9a-f]{64}$/, {
    message: '$property must be "sha256:" and 64 hex digits, as `npm run key` prints it',
  })
  hash: string;

  /** The organization that the key belongs to. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  organization?: string;

  /** The only project that the key may act for; without it, every project of the organization. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  project?: string;

  /** The only models that the key may use; without it, all. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  @ArrayUnique()
  models?: string[];
}

export class EmbeddedConfig {
  /** The GGUF file that is served when no upstream is configured; without it, the storyteller that comes along. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  model?: string;
}

export class GatewayConfig {
  @ValidateNested()
  @Type(() => ServerConfig)
  server = new ServerConfig();

  @ValidateNested()
  @Type(() => LogConfig)
  log = new LogConfig();

  @ValidateNested()
  @Type(() => EmbeddedConfig)
  embedded = new EmbeddedConfig();

  /** In the order of preference. Empty: the embedded engine. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => UpstreamConfig)
  @ArrayUnique(({ name }: UpstreamConfig) => name, { message: '$property must have different names' })
  upstreams: UpstreamConfig[] = [];

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ApiKeyConfig)
  @ArrayUnique(({ id }: ApiKeyConfig) => id, { message: '$property must have different ids' })
  apiKeys: ApiKeyConfig[] = [];
}
