import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashApiKey } from './api-key-hash.js';
import { GatewayConfig, HealthConfig, JwtConfig, RoutingConfig } from './config.js';
import { ConfigError, configPath, type Environment, loadConfig } from './load-config.js';

const LIMITS = { models: { 'x*': { tokensPerMinute: 5 } }, concurrentRequests: 2 };
const HASH = `sha256:${'0a'.repeat(32)}`;
const OTHER_HASH = `sha256:${'0b'.repeat(32)}`;

describe('loadConfig', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-'));
    file = join(folder, 'gateway.yaml');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function load(yaml: string, env: Environment = {}): GatewayConfig {
    writeFileSync(file, yaml);
    return loadConfig({ GATEWAY_CONFIG: file, ...env });
  }

  /** Without a file; the working directory of the tests has none. */
  const loadEnvironment = (env: Environment): GatewayConfig => loadConfig(env);

  function problemsOf(action: () => unknown): string[] {
    try {
      action();
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    throw new Error('the configuration was taken');
  }

  describe('from the environment alone', () => {
    it('needs nothing, and keeps its keys in an embedded database', () => {
      expect(loadEnvironment({})).toEqual(Object.assign(new GatewayConfig(), { database: 'embedded' }));
      expect(loadEnvironment({ API_KEYS: 'a' }).database).toBe('embedded');
    });

    it('has no database where something is configured, or in production, but for the one that is named', () => {
      const upstream = { UPSTREAM_BASE_URL: 'http://127.0.0.1:1/v1' };
      const url = 'postgres://gateway@db:5432/gateway';
      expect(loadEnvironment(upstream).database).toBe('none');
      expect(loadEnvironment({ NODE_ENV: 'production' }).database).toBe('none');
      expect(loadEnvironment({ ...upstream, DATABASE: url, DATA_DIR: '/data' })).toMatchObject({
        database: url,
        dataDir: '/data',
      });
      expect(problemsOf(() => loadEnvironment({ DATABASE: 'mysql://db' }))).toEqual([
        'DATABASE (database): must be none, embedded or a URL such as postgres://user:password@host:5432/gateway',
      ]);
    });

    it('knows every variable', () => {
      const config = loadEnvironment({
        HOST: '0.0.0.0',
        PORT: '0',
        WORKERS: 'auto',
        LOG_LEVEL: 'debug',
        API_KEYS: ' one, two ,,one',
        UPSTREAM_BASE_URL: 'http://gpu_a:8000/v1',
        UPSTREAM_API_KEY: 'secret',
        UPSTREAM_ENGINE: 'vllm',
        EMBEDDED_MODEL: '/models/a.gguf',
      });
      expect(config.server).toMatchObject({ host: '0.0.0.0', port: 0, workers: 'auto' });
      expect(config.log.level).toBe('debug');
      expect(config.embedded.model).toBe('/models/a.gguf');
      expect(config.upstreams).toHaveLength(1);
      expect(config.upstreams[0]).toMatchObject({
        name: 'default',
        baseUrl: 'http://gpu_a:8000/v1',
        apiKey: 'secret',
        engine: 'vllm',
        timeouts: { connectMs: 2000, firstByteMs: 120_000, idleMs: 30_000, totalMs: 600_000 },
      });
      expect(config.apiKeys.map(({ id, hash }) => ({ id, hash }))).toEqual([
        { id: 'env-1', hash: hashApiKey('one') },
        { id: 'env-2', hash: hashApiKey('two') },
      ]);
    });

    it('takes an empty variable, as docker compose passes it, for none', () => {
      const names = [
        'GATEWAY_CONFIG',
        'HOST',
        'PORT',
        'LOG_LEVEL',
        'API_KEYS',
        'UPSTREAM_BASE_URL',
        'UPSTREAM_API_KEY',
      ];
      expect(loadEnvironment(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(loadEnvironment({}));
    });

    it('names the variable that is wrong, and what was expected', () => {
      const env = {
        PORT: '80a',
        WORKERS: 'many',
        LOG_LEVEL: 'loud',
        API_KEYS: 'a b,ключ',
        UPSTREAM_BASE_URL: 'localhost:8000',
        UPSTREAM_API_KEY: 'two\nlines',
        UPSTREAM_ENGINE: 'vlm',
      };
      const problems = problemsOf(() => loadEnvironment(env));
      expect(problems).toEqual([
        'API_KEYS: each must be printable ASCII without spaces, with commas between them',
        'PORT (server.port): must be a whole number from 0 to 65535',
        'WORKERS (server.workers): must be auto, or a whole number from 1 to 256',
        'LOG_LEVEL (log.level): must be one of: trace, debug, info, warn, error, fatal, silent',
        'UPSTREAM_BASE_URL (upstreams[0].baseUrl): must be an http or https URL without user and query, such as http://127.0.0.1:8000/v1',
        'UPSTREAM_ENGINE (upstreams[0].engine): must be one of: openai, vllm, llama.cpp, ollama, sglang, tgi, localai, llama-cpp-python, transformers, deepfellow, embedded',
        'UPSTREAM_API_KEY (upstreams[0].apiKey): must be printable ASCII without spaces or line ends',
      ]);
    });

    it.each(['UPSTREAM_API_KEY', 'UPSTREAM_ENGINE'])('refuses %s without a URL to use it with', (name) => {
      expect(problemsOf(() => loadEnvironment({ [name]: 'openai' }))).toEqual([
        'UPSTREAM_BASE_URL: expected with UPSTREAM_API_KEY or UPSTREAM_ENGINE, such as http://127.0.0.1:8000/v1',
      ]);
    });
  });

  describe('from a file', () => {
    it('reads gateway.yaml of the working directory if there is one, and GATEWAY_CONFIG in any case', () => {
      expect(configPath({})).toEqual({ path: 'gateway.yaml', required: false });
      expect(configPath({ GATEWAY_CONFIG: 'a.yaml' })).toEqual({ path: 'a.yaml', required: true });
    });

    it('takes every option, and fills in the others', () => {
      const config = load(`
        server: { host: 0.0.0.0, port: 9000, workers: 4, bodyLimitBytes: 1000, bodyBudgetBytes: 4000, keepAliveTimeoutMs: 1, shutdownDelayMs: 2, drainTimeoutMs: 3, heartbeatMs: 4, clientStallMs: 5, stalledAnswerBytes: 2000000, wholeAnswerBytes: 3000000, deliveredTextBytes: 4000000, heartbeat: early }
        routing: { maxAttempts: 2, retryBudgetPercent: 12.5, retryTimeouts: false, resume: off }
        log: { level: warn }
        embedded: { model: a.gguf }
        upstreams:
          - name: gpu-a
            baseUrl: http://10.0.0.11:8000/v1
            engine: vllm
            api: chat
            capabilities: { best_of: native, logit_bias: refuse }
            fimTemplates: { 'qwen*': "<{prefix}|{suffix}>" }
            fanOut: 2
            apiKey: key
            models: { "llama3.1:8b": "meta-llama/Llama-3.1-8B" }
            forwardTenant: true
            extraParameters: refuse
            timeouts: { connectMs: 1, firstByteMs: 2, idleMs: 3, totalMs: 4 }
            priority: 1
            weight: 0.5
            maxConcurrency: 8
            discover: true
            healthCheck: completion
            health: { intervalMs: 5 }
          - { name: b, baseUrl: "https://[::1]:8000/", models: [x, y] }
        apiKeys:
          - { id: team, hash: "${HASH}", organization: org, project: p, models: [x], limits: ${JSON.stringify(LIMITS)} }
        limits: { onStoreFailure: open, default: { requestsPerMinute: "60" } }
      `);
      expect(config).toEqual({
        server: {
          host: '0.0.0.0',
          port: 9000,
          workers: 4,
          bodyLimitBytes: 1000,
          bodyBudgetBytes: 4000,
          keepAliveTimeoutMs: 1,
          shutdownDelayMs: 2,
          drainTimeoutMs: 3,
          heartbeatMs: 4,
          clientStallMs: 5,
          stalledAnswerBytes: 2_000_000,
          wholeAnswerBytes: 3_000_000,
          deliveredTextBytes: 4_000_000,
          heartbeat: 'early',
          answerHeaders: false,
          cors: { origins: [] },
        },
        routing: {
          ...new RoutingConfig(),
          maxAttempts: 2,
          retryBudgetPercent: 12.5,
          retryTimeouts: false,
          resume: 'off',
        },
        log: { level: 'warn' },
        tracing: { sampler: 'parentbased_always_on', samplerArgument: 1, resourceAttributes: '' },
        embedded: { model: 'a.gguf' },
        limits: { store: 'memory', onStoreFailure: 'open', default: { requestsPerMinute: 60 } },
        database: 'none',
        dataDir: 'data',
        usage: { retentionDays: 90, spoolBytes: 67_108_864 },
        auth: { jwt: new JwtConfig() },
        upstreams: [
          {
            name: 'gpu-a',
            baseUrl: 'http://10.0.0.11:8000/v1',
            engine: 'vllm',
            api: 'chat',
            capabilities: { best_of: 'native', logit_bias: 'refuse' },
            fimTemplates: { 'qwen*': '<{prefix}|{suffix}>' },
            fanOut: 2,
            apiKey: 'key',
            models: { 'llama3.1:8b': 'meta-llama/Llama-3.1-8B' },
            forwardTenant: true,
            extraParameters: 'refuse',
            discovery: 'off',
            dnsIntervalMs: 10_000,
            tls: {},
            timeouts: { connectMs: 1, firstByteMs: 2, idleMs: 3, totalMs: 4 },
            priority: 1,
            weight: 0.5,
            maxConcurrency: 8,
            discover: true,
            healthCheck: 'completion',
            health: { ...new HealthConfig(), intervalMs: 5 },
          },
          {
            name: 'b',
            baseUrl: 'https://[::1]:8000/',
            engine: 'openai',
            api: 'completions',
            fanOut: 4,
            models: ['x', 'y'],
            forwardTenant: false,
            extraParameters: 'forward-known',
            discovery: 'off',
            dnsIntervalMs: 10_000,
            tls: {},
            timeouts: { connectMs: 2000, firstByteMs: 120_000, idleMs: 30_000, totalMs: 600_000 },
            priority: 0,
            weight: 1,
            discover: false,
            healthCheck: 'path',
            health: { ...new HealthConfig() },
          },
        ],
        apiKeys: [
          { id: 'team', hash: HASH, organization: 'org', project: 'p', models: ['x'], admin: false, limits: LIMITS },
        ],
      });
    });

    it('takes an empty file, and options without a value, for defaults', () => {
      expect(load('')).toEqual(new GatewayConfig());
      expect(load('server:\nlog:\nembedded:\n  model:\nupstreams:\napiKeys:\n  # - id: later\n')).toEqual(
        new GatewayConfig(),
      );
    });

    it("traces as OpenTelemetry's variables say, and looks at none of them without an endpoint", () => {
      const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25', OTEL_SERVICE_NAME: 'edge' };
      const endpoint = 'http://collector:4318';
      const traced = { endpoint, sampler: 'traceidratio', samplerArgument: 0.25, serviceName: 'edge' };
      expect(load('', { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).tracing).toMatchObject(traced);
      expect(load(`tracing: { endpoint: '${endpoint}' }`, env).tracing).toMatchObject(traced);
      expect(load('', { OTEL_TRACES_SAMPLER: 'jaeger_remote' })).toEqual(new GatewayConfig());
      const off = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' };
      expect(load(`tracing: { endpoint: '${endpoint}' }`, off)).toEqual(new GatewayConfig());
      const unknown = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER: 'jaeger_remote' };
      expect(problemsOf(() => load('', unknown))).toEqual([
        expect.stringMatching(/^OTEL_TRACES_SAMPLER \(tracing\.sampler\): must be one of: always_on/),
      ]);
    });

    it('adds ADMIN_API_KEYS, which may read the metrics', () => {
      expect(load('apiKeys: []', { API_KEYS: 'a', ADMIN_API_KEYS: 'b, c' }).apiKeys).toMatchObject([
        { id: 'env-1', admin: false },
        { id: 'env-admin-1', admin: true },
        { id: 'env-admin-2', admin: true },
      ]);
    });

    it('lets HOST, PORT and LOG_LEVEL override the file, and adds API_KEYS', () => {
      const yaml = `{ server: { port: 1, heartbeatMs: 7 }, log: { level: warn }, apiKeys: [{ id: a, hash: "${HASH}" }] }`;
      const config = load(yaml, { HOST: '::', PORT: '2', LOG_LEVEL: 'error', API_KEYS: 'k' });
      expect(config.server).toMatchObject({ host: '::', port: 2, heartbeatMs: 7 });
      expect(config.log.level).toBe('error');
      expect(config.apiKeys.map(({ id }) => id)).toEqual(['a', 'env-1']);
    });

    it('resolves references and their defaults, numbers and switches too', () => {
      const yaml = `
        server: { host: "\${H:-0.0.0.0}", port: "\${P}", heartbeatMs: "\${EMPTY:-9}" }
        upstreams:
          - { name: "gpu-\${X}", baseUrl: "http://\${A}:\${P}/v1", apiKey: "\${NUMBER}", forwardTenant: "\${ON}" }
      `;
      const env = { P: '8000', X: 'x', A: 'a', NUMBER: '0123', ON: 'true', EMPTY: '' };
      const config = load(yaml, env);
      expect(config.server).toMatchObject({ host: '0.0.0.0', port: 8000, heartbeatMs: 9 });
      const upstream = { name: 'gpu-x', baseUrl: 'http://a:8000/v1', apiKey: '0123', forwardTenant: true };
      expect(config.upstreams[0]).toMatchObject(upstream);
    });

    it('names each reference that cannot be resolved, by its path', () => {
      const yaml =
        'server:\n  host: ${NO_HOST}\nupstreams:\n  - name: ${EMPTY}\n    apiKey: ${MY-KEY}\n    baseUrl: ${B';
      expect(problemsOf(() => load(yaml, { EMPTY: '' }))).toEqual([
        'server.host: the environment variable NO_HOST is not set',
        'upstreams[0].name: the environment variable EMPTY is not set',
        'upstreams[0].apiKey: expected ${NAME} or ${NAME:-default} in place of ${MY-KEY}',
        'upstreams[0].baseUrl: expected ${NAME} or ${NAME:-default} in place of ${B',
      ]);
    });
  });

  describe('stops with every problem, path by path', () => {
    it('of values', () => {
      const problems = problemsOf(() =>
        load(`
          server: { host: 1, port: 65536, workers: 0, bodyLimitBytes: 0, bodyBudgetBytes: 3, drainTimeoutMs: -1, heartbeatMs: 1.5 }
          log: 7
          upstreams:
            - { baseUrl: "http://u:p@host/v1", apiKey: 5, models: [], forwardTenant: maybe, extraParameters: drop, timeouts: { idleMs: soon } }
            -
            - text
          apiKeys:
            - { id: "a b", hash: abc, organization: 5e71, project: "", models: [1, a] }
        `),
      );
      expect(problems).toEqual([
        'server.host: must be text; put it in quotes when it looks like a number',
        'server.port: must be a whole number from 0 to 65535',
        'server.workers: must be auto, or a whole number from 1 to 256',
        'server.bodyLimitBytes: must be a whole number from 1 to 2147483647',
        'server.bodyBudgetBytes: must be a whole number from 4 to 1099511627776',
        'server.drainTimeoutMs: must be a whole number from 0 to 2147483647',
        'server.heartbeatMs: must be a whole number from 1 to 2147483647',
        'log: must be a map of options',
        'upstreams[0].name: must be 1 to 64 letters, digits, dots, dashes or underscores',
        'upstreams[0].baseUrl: must be an http or https URL without user and query, such as http://127.0.0.1:8000/v1',
        'upstreams[0].apiKey: must be text; put it in quotes when it looks like a number',
        "upstreams[0].models: must be a list of model names, or a map from a requested name to the upstream's",
        'upstreams[0].forwardTenant: must be true or false',
        'upstreams[0].extraParameters: must be one of: forward-known, forward, refuse',
        'upstreams[0].timeouts.idleMs: must be a whole number from 1 to 2147483647',
        'upstreams[1]: must be a map of options',
        'upstreams[2]: must be a map of options',
        'apiKeys[0].id: must be 1 to 64 letters, digits, dots, dashes or underscores',
        'apiKeys[0].hash: must be "sha256:" and 64 hex digits, as `npm run key` prints it',
        'apiKeys[0].organization: must be text; put it in quotes when it looks like a number',
        'apiKeys[0].project: must be printable ASCII without spaces or line ends',
        'apiKeys[0].models: must be a list of texts; put one in quotes when it looks like a number',
      ]);
    });

    it('of what an upstream is said to be capable of', () => {
      const upstreams = (options: string): string => `upstreams: [{ name: a, baseUrl: "http://a/v1", ${options} }]`;
      expect(problemsOf(() => load(upstreams('api: both, fanOut: 0, capabilities: [n], fimTemplates: text')))).toEqual([
        'upstreams[0].api: must be one of: completions, chat',
        'upstreams[0].capabilities: must be a map from capabilities to native, emulate, refuse',
        'upstreams[0].fimTemplates: must be a map from model names to texts with {prefix} and {suffix}',
        'upstreams[0].fanOut: must be a whole number from 1 to 1000',
      ]);
      expect(
        problemsOf(() => load(upstreams('capabilities: { seed: emulate }, fimTemplates: { a: "{prefix}" }'))),
      ).toEqual([
        'upstreams[0].capabilities: seed must be one of: native, refuse',
        'upstreams[0].fimTemplates: must be a map from model names to texts with {prefix} and {suffix}',
      ]);
      const [problem] = problemsOf(() => load(upstreams('capabilities: { bestOf: native }')));
      expect(problem).toMatch(
        /^upstreams\[0\]\.capabilities: bestOf is no capability; there are prompt_list, .*best_of/,
      );
    });

    it('of files that cannot be read, and of a certificate without its key', () => {
      const tls = 'tls: { caFile: /nowhere/ca.pem, certFile: /dev/null }';
      const yaml = `upstreams: [{ name: a, baseUrl: "https://a/v1", ${tls}, proxy: "socks://a" }]`;
      expect(problemsOf(() => load(yaml))).toEqual([
        expect.stringMatching(/^upstreams\[0\]\.tls\.caFile: cannot be read: ENOENT/),
        'upstreams[0].tls.certFile: needs keyFile beside it',
        'upstreams[0].proxy: must be an http or https URL, such as http://proxy:3128',
      ]);
    });

    it('of limits that are none, by the pattern of the models', () => {
      const limits = `limits: { models: { 'a*': { tokensPerMinute: 0 } }, requestsPerMinute: 1.5 }`;
      expect(problemsOf(() => load(`apiKeys: [{ id: a, hash: "${HASH}", ${limits} }]`))).toEqual([
        'apiKeys[0].limits.models: a*.tokensPerMinute must be a whole number from 1 to 50000000000',
        'apiKeys[0].limits.requestsPerMinute: must be a whole number from 1 to 50000000000',
      ]);
      expect(problemsOf(() => load('limits: { store: file, default: { models: {} } }'))).toEqual([
        expect.stringMatching(/^limits\.store: must be memory, or a URL such as redis:/),
        expect.stringMatching(/^limits\.default\.models: no such option; there are requestsPerMinute/),
      ]);
    });

    it('of unknown options, with those that there are', () => {
      expect(problemsOf(() => load('{ sever: {}, log: { levle: info }, embedded: { path: x } }'))).toEqual([
        'sever: no such option; there are server, log, tracing, embedded, routing, limits, upstreams, apiKeys, database, dataDir, usage, auth',
        'log.levle: no such option; there are level',
        'embedded.path: no such option; there are model',
      ]);
    });

    it('of lists that are none', () => {
      expect(problemsOf(() => load('{ upstreams: 5, apiKeys: { a: 1 }, server: [], embedded: text }'))).toEqual(
        expect.arrayContaining([
          'upstreams: must be a list of maps of options',
          'apiKeys: must be a list of maps of options',
          'embedded: must be a map of options',
        ]),
      );
    });

    it('of contradictions', () => {
      const yaml = `
        upstreams:
          - { name: a, baseUrl: "http://a/v1" }
          - { name: b, baseUrl: "http://b/v1" }
          - { name: a, baseUrl: "http://c/v1" }
        apiKeys:
          - { id: x, hash: "${HASH}" }
          - { id: x, hash: "${OTHER_HASH}" }
          - { id: y, hash: "${HASH}" }
      `;
      expect(problemsOf(() => load(yaml)).sort()).toEqual([
        'apiKeys: [0] and [1] have the same id',
        'apiKeys: [0] and [2] have the same hash',
        'upstreams: [0] and [2] have the same name',
      ]);
    });

    it('of a file and an environment that both name upstreams', () => {
      const yaml = 'upstreams: [{ name: a, baseUrl: "http://a/v1" }]';
      expect(problemsOf(() => load(yaml, { UPSTREAM_BASE_URL: 'http://b/v1' }))).toEqual([
        'upstreams: given in the file and by UPSTREAM_BASE_URL, UPSTREAM_API_KEY and UPSTREAM_ENGINE; remove one of the two',
      ]);
    });

    it('of YAML, by line and column and without what stands there', () => {
      expect(problemsOf(() => load('a: 1\napiKey: the-secret: x\nb: [1\n'))).toEqual([
        'Nested mappings are not allowed in compact mappings at line 2, column 9',
        expect.stringMatching(/^Flow sequence in block collection .* at line \d+, column \d+$/),
      ]);
      expect(problemsOf(() => load('log: {}\nlog: {}'))).toEqual(['Map keys must be unique at line 2, column 1']);
      expect(problemsOf(() => load('log: *nowhere'))).toEqual([expect.stringContaining('Unresolved alias')]);
      expect(problemsOf(() => load('- server'))).toEqual(['the file must be a map of options']);
      expect(problemsOf(() => load('server: { port: ${PORT} }')).at(-1)).toBe(
        'inside { } and [ ], a reference stands in quotes: "${NAME}"',
      );
    });

    it('of a file that is not there', () => {
      const path = join(folder, 'none.yaml');
      expect(problemsOf(() => loadConfig({ GATEWAY_CONFIG: path }))).toEqual([
        `the file cannot be read: ENOENT: no such file or directory, open '${path}'`,
      ]);
    });

    it('in one message that says where it comes from', () => {
      const expected = `The configuration cannot be used (${file}):\n  - log.level: must be one of: trace, debug, info, warn, error, fatal, silent`;
      expect(() => load('log: { level: x }')).toThrow(expected);
      expect(() => loadEnvironment({ PORT: 'x' })).toThrow('(the environment)');
    });
  });
});
