import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsUrl, Matches } from 'class-validator';
import type { FeatureName, Support } from '../engines/feature-names.js';
import {
  type Api,
  APIS,
  type Engine,
  ENGINES,
  EXTRA_PARAMETERS,
  type ExtraParameters,
} from '../engines/engine-names.js';
import { IsCapabilityMap } from './capability-map.js';
import {
  AllDiffer,
  ComesWith,
  IsHeaderText,
  IsListOfOrigins,
  IsListOfSections,
  IsListOfStrings,
  IsMilliseconds,
  IsName,
  IsNonEmptyString,
  IsNumberFrom,
  IsOneOf,
  IsPairs,
  IsParsableUrl,
  IsReadableFile,
  IsSection,
  IsSwitch,
  IsTemplateMap,
  IsWholeNumber,
  IsWorkerCount,
} from './config-rules.js';
import { IsModelLimits } from './model-limits.js';
import { IsModelMap } from './model-map.js';

/**
 * Every option of the gateway with its default and unit, on one page, however long it gets. `gateway.example.yaml` shows
 * them in use.
 */

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export class CorsConfig {
  /** Pages that may call the gateway from a browser, as the browser names them: `https://app.example.com`; `*` for any. */
  @IsListOfOrigins()
  origins: string[] = [];
}

export class ServerConfig {
  /** The address to listen on. 0.0.0.0 for all, as in a container. */
  @IsNonEmptyString()
  host = '127.0.0.1';

  /** 0 lets the system choose. */
  @IsWholeNumber(0, 65_535)
  port = 8080;

  /** Processes that serve. 1: this one alone. More: so many, under one more that looks after them. `auto`: one a core. */
  @IsWorkerCount()
  workers: number | 'auto' = 1;

  /** The largest request body that is read. */
  @IsWholeNumber(1, 2_147_483_647)
  bodyLimitBytes = 10_485_760;

  /**
   * Bytes of request bodies that a process holds at the same time, unpacked, from their first byte to the end of the answer.
   * One API key may have a quarter of it, which is also the largest body that it can send.
   */
  @IsWholeNumber(4, 1_099_511_627_776)
  bodyBudgetBytes = 268_435_456;

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

  /** How long a client may take to read 64 KiB of what waits for it before its connection is cut. */
  @IsMilliseconds(1)
  clientStallMs = 120_000;

  /** Bytes that may wait in a process for clients that are behind; beyond it, the one behind for the longest is cut. */
  @IsWholeNumber(1_048_576, 1_099_511_627_776)
  stalledAnswerBytes = 134_217_728;

  /** Bytes of whole (JSON) answers that a process may hold while it reads them; the answer beyond it is a 503. */
  @IsWholeNumber(1_048_576, 1_099_511_627_776)
  wholeAnswerBytes = 268_435_456;

  /** Bytes of delivered text that a process may keep to resume and count streams; those beyond it cannot be resumed. */
  @IsWholeNumber(1_048_576, 1_099_511_627_776)
  deliveredTextBytes = 67_108_864;

  /**
   * `early` sends the 200 of a stream at once, and comments while the upstream reads the prompt, so that a load balancer
   * does not cut a long silence. The price: a failure before the first event comes as an error event after the 200.
   */
  @IsOneOf(['off', 'early'])
  heartbeat: 'off' | 'early' = 'off';

  /** Tell clients which upstream answered, after how many attempts and how long: the headers `x-gateway-…`. */
  @IsSwitch()
  answerHeaders = false;

  /** Cross-origin requests of browsers. Off without origins. */
  @IsSection()
  @Type(() => CorsConfig)
  cors = new CorsConfig();
}

export class LogConfig {
  /** `info` writes one line a request. */
  @IsOneOf(LOG_LEVELS)
  level: (typeof LOG_LEVELS)[number] = 'info';
}

const TRACE_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export class TracingConfig {
  /** An OTLP/HTTP collector, without `/v1/traces`: `http://127.0.0.1:4318`. Without it nothing is traced. */
  @IsOptional()
  @Matches(/^https?:\/\//, { message: 'must be an http or https URL, such as http://127.0.0.1:4318' })
  @IsParsableUrl()
  endpoint?: string;

  /** Which traces are recorded. `parentbased_…`: as the client's span says, and by the rest of the name without one. */
  @IsOneOf(TRACE_SAMPLERS)
  sampler: (typeof TRACE_SAMPLERS)[number] = 'parentbased_always_on';

  /** The share of traces that `traceidratio` records. */
  @IsNumberFrom(0, 1)
  samplerArgument = 1;

  /** The `service.name` of the spans; without it the one in `resourceAttributes`, or completions-gateway. */
  @IsOptional()
  @IsNonEmptyString()
  serviceName?: string;

  /** What all spans have: `key=value,key=value`, percent-encoded. */
  @IsPairs()
  resourceAttributes = '';
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

  /** One attempt, its answer included. */
  @IsMilliseconds(1)
  totalMs = 600_000;
}

export class HealthConfig {
  /** Between two active checks. */
  @IsMilliseconds(1)
  intervalMs = 10_000;

  /** How long an active check may take. */
  @IsMilliseconds(1)
  timeoutMs = 2_000;

  /** So many failures in a row eject the upstream. */
  @IsWholeNumber(1, 1_000_000)
  ejectAfterFailures = 3;

  /** How long the first ejection lasts; each further one lasts twice as long. */
  @IsMilliseconds(1)
  ejectMs = 1_000;

  /** No ejection lasts longer. */
  @IsMilliseconds(1)
  maxEjectMs = 60_000;

  /** A 429 with `Retry-After` closes the upstream for that model for so long at most; one request tries it each 5 s. */
  @IsMilliseconds(0)
  maxRestMs = 60_000;
}

export class TlsConfig {
  /** PEM file of the authorities that are trusted for this upstream, in place of Node's own. */
  @IsOptional()
  @IsReadableFile()
  caFile?: string;

  /** PEM files of the certificate that the gateway shows (mTLS) and of its key. */
  @IsOptional()
  @IsReadableFile()
  @ComesWith('keyFile')
  certFile?: string;

  @IsOptional()
  @IsReadableFile()
  @ComesWith('certFile')
  keyFile?: string;

  /** The name that the upstream's certificate has to have; without it the one in `baseUrl`. */
  @IsOptional()
  @IsNonEmptyString()
  serverName?: string;
}

export class UpstreamConfig {
  /** How logs and metrics call it. Clients never see it. */
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
  @IsParsableUrl()
  baseUrl: string;

  /** The software behind it, which decides what is native to it and what the gateway emulates. */
  @IsOneOf(ENGINES)
  engine: Engine = 'openai';

  /** The endpoint that is called. `chat`: for a server that has no other; a prompt is sent as one message of the user. */
  @IsOneOf(APIS)
  api: Api = 'completions';

  /** Where this upstream differs from the engine's profile. `npm run doctor` finds out and proposes them. */
  @IsOptional()
  @IsCapabilityMap()
  capabilities?: Partial<Record<FeatureName, Support>>;

  /**
   * How a prompt with a suffix is written for a model that fills in the middle: a map from requested names, with `*` for
   * any characters, to a text with `{prefix}` and `{suffix}`.
   */
  @IsOptional()
  @IsTemplateMap(['{prefix}', '{suffix}'])
  fimTemplates?: Record<string, string>;

  /** Requests that one request of a client may be at the same time here, where it has to be split. */
  @IsWholeNumber(1, 1_000)
  fanOut = 4;

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

  /** Take the list of models from the upstream's own `/v1/models`, and again every `routing.discoverIntervalMs`. */
  @IsSwitch()
  discover = false;

  /**
   * `dns`: one upstream for each address behind the name in `baseUrl`, with health, slots and ejection of its own. A name such
   * as `_http._tcp.vllm.models.svc.cluster.local` is asked for SRV records, which have the ports. Names are complete.
   */
  @IsOneOf(['off', 'dns'])
  discovery: 'off' | 'dns' = 'off';

  /** Between two questions for the addresses. */
  @IsMilliseconds(1)
  dnsIntervalMs = 10_000;

  /** The name server, an address with a port or without; without it, the system's. */
  @IsOptional()
  @IsNonEmptyString()
  dnsServer?: string;

  /** Lower numbers are preferred: the others get requests only when no upstream of a lower number is available. */
  @IsWholeNumber(0, 1_000_000)
  priority = 0;

  /** Its share of the requests among upstreams of the same priority. */
  @IsNumberFrom(0.001, 1_000)
  weight = 1;

  /** Requests that it gets at the same time; without it, any number, and 1 where the engine does one at a time (llama-cpp-python). */
  @IsOptional()
  @IsWholeNumber(1, 1_000_000)
  maxConcurrency?: number;

  /** Pass `OpenAI-Organization` and `OpenAI-Project` on. */
  @IsSwitch()
  forwardTenant = false;

  /**
   * Fields that the contract does not list. `forward-known`: those that the engine is known to take are sent, the others are
   * refused with 422 `extra_forbidden`; `forward`: all are sent; `refuse`: none.
   */
  @IsOneOf(EXTRA_PARAMETERS)
  extraParameters: ExtraParameters = 'forward-known';

  /** For a `baseUrl` with https. The files are read when the upstream is new or its options change. */
  @IsSection()
  @Type(() => TlsConfig)
  tls = new TlsConfig();

  /** A proxy for a `baseUrl` with https, which is asked for a tunnel (CONNECT); without it, what HTTPS_PROXY and NO_PROXY say. */
  @IsOptional()
  @Matches(/^https?:\/\//, { message: 'must be an http or https URL, such as http://proxy:3128' })
  @IsParsableUrl()
  proxy?: string;

  @IsSection()
  @Type(() => TimeoutsConfig)
  timeouts = new TimeoutsConfig();

  /**
   * The active check: `path` asks the engine's health path, `completion` for one real token, `off` nothing. Failures of
   * real requests (the passive check) count in any case.
   */
  @IsOneOf(['path', 'completion', 'off'])
  healthCheck: 'path' | 'completion' | 'off' = 'path';

  @IsSection()
  @Type(() => HealthConfig)
  health = new HealthConfig();
}

export class RoutingConfig {
  /** Attempts for one request of a client, the first one and resumes included; then the last error is the answer. */
  @IsWholeNumber(1, 100)
  maxAttempts = 4;

  /** Retries of requests that an upstream has answered with an error, or let time out, per hundred requests of the model. */
  @IsNumberFrom(0, 100)
  retryBudgetPercent = 20;

  /** Whether a request that timed out is sent again. The tokens of the first attempt may have been paid for. */
  @IsSwitch()
  retryTimeouts = true;

  /** The longest wait before the first retry on the same upstream; it doubles with each, and chance takes a part of it. */
  @IsMilliseconds(1)
  backoffMs = 100;

  /** No wait is longer, but for a `Retry-After`. */
  @IsMilliseconds(1)
  maxBackoffMs = 5_000;

  /** An upstream's `Retry-After` is waited for up to this; a longer one is passed on to the client. */
  @IsMilliseconds(0)
  maxRetryAfterMs = 5_000;

  /** Requests of one model that may wait while every upstream of it is full. */
  @IsWholeNumber(0, 1_000_000)
  maxQueue = 1_000;

  /** How long a request may wait in that queue. */
  @IsMilliseconds(1)
  queueTimeoutMs = 30_000;

  /** The whole request: waiting, attempts and all. */
  @IsMilliseconds(1)
  deadlineMs = 900_000;

  /**
   * Bytes that one request of a client may become where it has to be split, or its tokens counted: all requests for its parts
   * together. One that would become more is refused with 400 before anything is sent.
   */
  @IsWholeNumber(1, 2_147_483_647)
  maxFanOutBytes = 268_435_456;

  /** Bytes of an answer that is put together from several, and of the prompts echoed in any answer; more is 400. */
  @IsWholeNumber(1, 2_147_483_647)
  maxMergedAnswerBytes = 67_108_864;

  /**
   * Go on with a broken stream on another upstream: `on` from the text that was delivered, `exact` from the token ids where
   * the engine gives them, which are then asked for with every stream.
   */
  @IsOneOf(['on', 'off', 'exact'])
  resume: 'on' | 'off' | 'exact' = 'on';

  /** Between two looks at the model lists of upstreams with `discover`. */
  @IsMilliseconds(1)
  discoverIntervalMs = 60_000;
}

/** So much a minute is counted exactly. */
const MAX_RATE = 50_000_000_000;
const MAX_BUDGET = Number.MAX_SAFE_INTEGER;

/** What each limit may be at most; none is less than 1. */
export const LIMIT_MAXIMA = {
  requestsPerMinute: MAX_RATE,
  tokensPerMinute: MAX_RATE,
  requestsPerDay: MAX_BUDGET,
  tokensPerMonth: MAX_BUDGET,
  concurrentRequests: 1_000_000,
} as const;

/** The limits of a key, and what holds for one without its own. Without a limit, any number. */
export class LimitOptions {
  /** Requests a minute, as many at once after a minute without any. */
  @IsOptional()
  @IsWholeNumber(1, LIMIT_MAXIMA.requestsPerMinute)
  requestsPerMinute?: number;

  /** Tokens a minute: of prompts and of answers. */
  @IsOptional()
  @IsWholeNumber(1, LIMIT_MAXIMA.tokensPerMinute)
  tokensPerMinute?: number;

  /** Requests a day, in UTC. */
  @IsOptional()
  @IsWholeNumber(1, LIMIT_MAXIMA.requestsPerDay)
  requestsPerDay?: number;

  /** Tokens a calendar month, in UTC. */
  @IsOptional()
  @IsWholeNumber(1, LIMIT_MAXIMA.tokensPerMonth)
  tokensPerMonth?: number;

  /** Requests that are under way at the same time. */
  @IsOptional()
  @IsWholeNumber(1, LIMIT_MAXIMA.concurrentRequests)
  concurrentRequests?: number;
}

export class ScopeLimits extends LimitOptions {
  /** Further limits for the models that match a pattern, all of them together: a map from patterns, with `*` for any characters. */
  @IsOptional()
  @IsModelLimits(LIMIT_MAXIMA)
  models?: Record<string, LimitOptions>;
}

export class LimitsConfig {
  /**
   * Where it is kept what is used of the limits: `memory`, of this gateway alone, or the URL of a Redis or Valkey that
   * several replicas share: `redis://` or `rediss://`, for a cluster `redis+cluster://` or `rediss+cluster://`.
   */
  @Matches(/^(memory|rediss?(\+cluster)?:\/\/\S+)$/, {
    message: 'must be memory, or a URL such as redis://127.0.0.1:6379 or redis+cluster://127.0.0.1:6379',
  })
  store = 'memory';

  /**
   * While the store cannot be asked: each replica keeps its share of the limits itself (`local`), nothing is limited
   * (`open`), or requests that have limits get 503 (`closed`).
   */
  @IsOneOf(['local', 'open', 'closed'])
  onStoreFailure: 'local' | 'open' | 'closed' = 'local';

  /** Tokens that one request may ask for: `max_tokens` × the larger of `n` and `best_of` × prompts. More is 400. */
  @IsOptional()
  @IsWholeNumber(1, MAX_BUDGET)
  maxTokensPerRequest?: number;

  /** The limits of each key, as far as it has none of its own. */
  @IsSection()
  @Type(() => LimitOptions)
  default = new LimitOptions();
}

export class UsageConfig {
  /** How long a row of each request is kept, and sums by the minute; sums by the hour and the day stay. */
  @IsWholeNumber(1, 36_500)
  retentionDays = 90;

  /** Bytes of rows that wait on disk, in `dataDir`, while the database is away; beyond it the oldest are given up. */
  @IsWholeNumber(1_048_576, 1_099_511_627_776)
  spoolBytes = 67_108_864;
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

  /** May read the metrics and the state of the upstreams. */
  @IsSwitch()
  admin = false;

  /** How much it may use; each limit replaces the one of `limits.default`. */
  @IsOptional()
  @IsSection()
  @Type(() => ScopeLimits)
  limits?: ScopeLimits;
}

export class EmbeddedConfig {
  /** The GGUF file that is served when no upstream is configured; without it, the storyteller that comes along. */
  @IsOptional()
  @IsNonEmptyString()
  model?: string;
}

const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

export class JwtGroupConfig {
  /** A value of the groups claim. */
  @IsNonEmptyString()
  group: string;

  @IsHeaderText()
  organization: string;

  /** Without it, every project of the organization. */
  @IsOptional()
  @IsHeaderText()
  project?: string;

  /** The only models that the group may use; without it, all. */
  @IsOptional()
  @IsListOfStrings()
  models?: string[];
}

export class JwtConfig {
  /** What `iss` has to be, to the letter, and where the discovery document is looked for. Without it no JWT is taken. */
  @IsOptional()
  @ComesWith('audience')
  @IsParsableUrl()
  issuer?: string;

  /** What `aud`, `azp` or `client_id` has to hold: a token for somebody else is none for this gateway. */
  @IsOptional()
  @ComesWith('issuer')
  @IsNonEmptyString()
  audience?: string;

  /** The issuer's keys; without it, where its discovery document (`/.well-known/openid-configuration`) says. */
  @IsOptional()
  @IsParsableUrl()
  jwksUrl?: string;

  /** Signatures that are taken. */
  @IsListOfStrings()
  @IsIn(JWT_ALGORITHMS, { each: true, message: `must be some of ${JWT_ALGORITHMS.join(', ')}` })
  algorithms: string[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

  /** Paths of claims, with dots between the names: `realm_access.roles`. */
  @IsNonEmptyString()
  organizationClaim = 'organization';

  @IsNonEmptyString()
  projectClaim = 'project';

  /** A list of models; a token without it may use all. */
  @IsNonEmptyString()
  modelsClaim = 'models';

  /** A list of groups, or one. */
  @IsNonEmptyString()
  groupsClaim = 'groups';

  /** What groups stand for, the first that matches; with it, the claims of organization and project are not read. */
  @IsListOfSections()
  @Type(() => JwtGroupConfig)
  @AllDiffer('group')
  groups: JwtGroupConfig[] = [];

  /** How far the clocks may differ. */
  @IsMilliseconds(0)
  clockToleranceMs = 30_000;
}

export class AuthConfig {
  /** Bearer tokens of an OpenID provider, beside the API keys. */
  @IsSection()
  @Type(() => JwtConfig)
  jwt = new JwtConfig();
}

export class GatewayConfig {
  @IsSection()
  @Type(() => ServerConfig)
  server = new ServerConfig();

  @IsSection()
  @Type(() => LogConfig)
  log = new LogConfig();

  @IsSection()
  @Type(() => TracingConfig)
  tracing = new TracingConfig();

  @IsSection()
  @Type(() => EmbeddedConfig)
  embedded = new EmbeddedConfig();

  @IsSection()
  @Type(() => RoutingConfig)
  routing = new RoutingConfig();

  @IsSection()
  @Type(() => LimitsConfig)
  limits = new LimitsConfig();

  /** Empty: the embedded engine. */
  @IsListOfSections()
  @Type(() => UpstreamConfig)
  @AllDiffer('name')
  upstreams: UpstreamConfig[] = [];

  @IsListOfSections()
  @Type(() => ApiKeyConfig)
  @AllDiffer('id')
  @AllDiffer('hash')
  apiKeys: ApiKeyConfig[] = [];

  /**
   * Where organizations, projects and keys are kept. `none`: nowhere, the keys are those of this file. `embedded`: in a file in
   * `dataDir`, for one gateway. `postgres://…`: for any number of them. Not given: `embedded` where nothing is configured
   * (no file, no UPSTREAM_BASE_URL, not NODE_ENV=production), else `none`.
   */
  @Matches(/^(?:none|embedded|postgres(?:ql)?:\/\/.+)$/, {
    message: 'must be none, embedded or a URL such as postgres://user:password@host:5432/gateway',
  })
  database = 'none';

  /** The folder of the embedded database. It is made where it is missing. */
  @IsNonEmptyString()
  dataDir = 'data';

  /** Who used what: kept where there is a database. */
  @IsSection()
  @Type(() => UsageConfig)
  usage = new UsageConfig();

  @IsSection()
  @Type(() => AuthConfig)
  auth = new AuthConfig();
}
