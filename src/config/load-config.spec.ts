import { describe, expect, it } from '@jest/globals';
import { load, problemsOf } from '../../test/support/loaded-config.js';
import { hashApiKey } from './api-key-hash.js';
import { GatewayConfig, HealthConfig, JwtConfig, RoutingConfig } from './config.js';
import { configPath, loadConfig } from './load-config.js';

const LIMITS = { models: { 'x*': { tokensPerMinute: 5 } }, concurrentRequests: 2 };
const HASH = `sha256:${'0a'.repeat(32)}`;

describe('loadConfig', () => {
  describe('from the environment alone', () => {
    it('needs nothing, and keeps its keys in an embedded database', () => {
      expect(loadConfig({})).toEqual(Object.assign(new GatewayConfig(), { database: 'embedded' }));
      expect(loadConfig({ API_KEYS: 'a' }).database).toBe('embedded');
    });

    it('has no database where something is configured, or in production, but for the one that is named', () => {
      const upstream = { UPSTREAM_BASE_URL: 'http://127.0.0.1:1/v1' };
      const url = 'postgres://gateway@db:5432/gateway';
      expect(loadConfig(upstream).database).toBe('none');
      expect(loadConfig({ NODE_ENV: 'production' }).database).toBe('none');
      expect(loadConfig({ ...upstream, DATABASE: url, DATA_DIR: '/data' })).toMatchObject({
        database: url,
        dataDir: '/data',
      });
      expect(problemsOf(() => loadConfig({ DATABASE: 'mysql://db' }))).toEqual([
        'DATABASE (database): must be none, embedded or a URL such as postgres://user:password@host:5432/gateway',
      ]);
    });

    it('knows every variable', () => {
      const config = loadConfig({
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
      expect(loadConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(loadConfig({}));
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
  });
});
