import { describe, expect, it } from '@jest/globals';
import { dirname, join } from 'node:path';
import { CONFIG_FILE, load, problemsOf } from '../../test/support/loaded-config.js';
import { loadConfig } from './load-config.js';

const HASH = `sha256:${'0a'.repeat(32)}`;
const OTHER_HASH = `sha256:${'0b'.repeat(32)}`;

describe('loadConfig throws every problem', () => {
  it('of the environment, by variable', () => {
    const env = {
      PORT: '80a',
      WORKERS: 'many',
      LOG_LEVEL: 'loud',
      API_KEYS: 'a b,ключ',
      UPSTREAM_BASE_URL: 'localhost:8000',
      UPSTREAM_API_KEY: 'two\nlines',
      UPSTREAM_ENGINE: 'vlm',
    };
    const problems = problemsOf(() => loadConfig(env));
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

  it.each(['UPSTREAM_API_KEY', 'UPSTREAM_ENGINE'])('of %s without a URL to use it with', (name) => {
    expect(problemsOf(() => loadConfig({ [name]: 'openai' }))).toEqual([
      'UPSTREAM_BASE_URL: expected with UPSTREAM_API_KEY or UPSTREAM_ENGINE, such as http://127.0.0.1:8000/v1',
    ]);
  });

  it('of references that cannot be resolved, by path', () => {
    const yaml = 'server:\n  host: ${NO_HOST}\nupstreams:\n  - name: ${EMPTY}\n    apiKey: ${MY-KEY}\n    baseUrl: ${B';
    expect(problemsOf(() => load(yaml, { EMPTY: '' }))).toEqual([
      'server.host: the environment variable NO_HOST is not set',
      'upstreams[0].name: the environment variable EMPTY is not set',
      'upstreams[0].apiKey: expected ${NAME} or ${NAME:-default} in place of ${MY-KEY}',
      'upstreams[0].baseUrl: expected ${NAME} or ${NAME:-default} in place of ${B',
    ]);
  });

  it('of values, by path', () => {
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

  it('of capabilities', () => {
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
    expect(problem).toMatch(/^upstreams\[0\]\.capabilities: bestOf is no capability; there are prompt_list, .*best_of/);
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

  it('of limits, by the pattern of the models', () => {
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

  it('of unknown options, with those that exist', () => {
    expect(problemsOf(() => load('{ sever: {}, log: { levle: info }, embedded: { path: x } }'))).toEqual([
      'sever: no such option; there are server, log, tracing, embedded, routing, limits, upstreams, apiKeys, database, dataDir, usage, auth',
      'log.levle: no such option; there are level',
      'embedded.path: no such option; there are model',
    ]);
  });

  it('of lists and maps that are something else', () => {
    expect(problemsOf(() => load('{ upstreams: 5, apiKeys: { a: 1 }, server: [], embedded: text }'))).toEqual(
      expect.arrayContaining([
        'upstreams: must be a list of maps of options',
        'apiKeys: must be a list of maps of options',
        'embedded: must be a map of options',
      ]),
    );
  });

  it('of names, ids and hashes that appear twice', () => {
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

  it('of YAML, by line and column, without quoting it', () => {
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
    const path = join(dirname(CONFIG_FILE), 'none.yaml');
    expect(problemsOf(() => loadConfig({ GATEWAY_CONFIG: path }))).toEqual([
      `the file cannot be read: ENOENT: no such file or directory, open '${path}'`,
    ]);
  });

  it('in one message that names its source', () => {
    const expected = `The configuration cannot be used (${CONFIG_FILE}):\n  - log.level: must be one of: trace, debug, info, warn, error, fatal, silent`;
    expect(() => load('log: { level: x }')).toThrow(expected);
    expect(() => loadConfig({ PORT: 'x' })).toThrow('(the environment)');
  });
});
