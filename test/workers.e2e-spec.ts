import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { stringify } from 'yaml';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { completion, FakeUpstream, hold, replyJson } from './support/fake-upstream.js';
import { DnsServer } from './support/dns-server.js';
import { ADMIN, API_KEY, AS_ADMIN, postCompletion } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { listen } from './support/listen.js';
import { until } from './support/wait.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const API_KEYS = [ADMIN];

let gateway: GatewayProcess;

afterEach(() => gateway.stop());

/** A request on a connection of its own: the next one goes to the next worker. */
function post(url: string, body: object, key = API_KEY): Promise<Response> {
  return postCompletion(url, body, { headers: { authorization: `Bearer ${key}`, connection: 'close' } });
}

async function metricsOf(url: string): Promise<string[]> {
  const response = await fetch(`${url}/metrics`, { headers: { ...AS_ADMIN, connection: 'close' } });
  return (await response.text()).split('\n');
}

/** What the next two workers know. */
async function limitsOf(url: string): Promise<unknown[]> {
  const ask = async (): Promise<unknown> => {
    const response = await fetch(`${url}/admin/upstreams`, { headers: { ...AS_ADMIN, connection: 'close' } });
    const { upstreams } = (await response.json()) as { upstreams: { max_concurrency: number | null }[] };
    return upstreams[0]?.max_concurrency;
  };
  return [await ask(), await ask()];
}

const hasServed = (worker: number) =>
  gateway.logged(({ msg, worker: id, status }) => msg === 'request' && id === worker && status === 200);

describe('two workers', () => {
  let upstream: FakeUpstream;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
  });
  afterEach(() => upstream.stop());

  function start(fields: object = {}, config: object = {}): Promise<string> {
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl, ...fields }];
    gateway = GatewayProcess.spawn({ server: { workers: 2 }, apiKeys: API_KEYS, upstreams, ...config });
    return gateway.listening();
  }

  it('both serve on one port, say so in each line of the log, and are announced once', async () => {
    const url = await start();
    for (let i = 0; i < 4; i++) expect((await post(url, REQUEST)).status).toBe(200);
    await Promise.all([hasServed(1), hasServed(2)]);
    expect(gateway.banner.match(/Listening on/g)).toHaveLength(1);
  });

  it('keep the limits of a key together', async () => {
    // Those of a minute would refill while the test runs.
    const limits = { requestsPerDay: 10 };
    const limited = [...API_KEYS, { id: 'team', hash: hashApiKey('team-key'), limits }];
    const url = await start({}, { apiKeys: limited });
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(url, REQUEST, 'team-key')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    // One worker may have let in all ten.
    const hasAnswered = (worker: number) => gateway.logged(({ msg, worker: id }) => msg === 'request' && id === worker);
    await Promise.all([hasAnswered(1), hasAnswered(2)]);
    const used = async (): Promise<number | undefined> => {
      const response = await fetch(`${url}/v1/organization/limits`, { headers: { ...AS_ADMIN, connection: 'close' } });
      const { data } = (await response.json()) as { data: { limits: { used: number }[] }[] };
      return data[0]?.limits[0]?.used;
    };
    for (let asked = 0; asked < 4; asked++) expect(await used()).toBe(10);
  });

  it('show the metrics of both, whichever is asked', async () => {
    const url = await start();
    const attempts = 'gateway_upstream_attempts_total{upstream="fake",kind="first",outcome="ok"} 5';
    const requests = /^gen_ai_server_request_duration_seconds_count\{.*http_response_status_code="200".*\} 5$/;
    for (let i = 0; i < 5; i++) expect((await post(url, REQUEST)).status).toBe(200);
    for (let i = 0; i < 2; i++) {
      let lines: string[] = [];
      // A request is counted when its connection is done with it, which may be a moment later.
      await until('the count of the requests', async () => {
        lines = await metricsOf(url);
        return lines.some((line) => requests.test(line));
      });
      expect(lines).toContain(attempts);
      expect(lines).toContain('gateway_upstream_in_flight{upstream="fake"} 0');
      expect(lines).toContain('gateway_upstream_available{upstream="fake"} 1');
      expect(lines).toContain('gateway_limits_store_up 1');
    }
  });

  /** Says how many requests were under way at most. */
  function countRequests(): { most: number } {
    const counted = { most: 0 };
    let underWay = 0;
    upstream.onCompletion(async (response, request) => {
      counted.most = Math.max(counted.most, ++underWay);
      // Long enough for others to come, if they were let.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      await replyJson(completion('Hello'))(response, request);
    });
    return counted;
  }

  it.each([1, 3])('together never send more than maxConcurrency %i, and both get their share', async (limit) => {
    const counted = countRequests();
    const url = await start({ maxConcurrency: limit });
    const responses = await Promise.all(Array.from({ length: 60 }, () => post(url, REQUEST)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    expect(counted.most).toBe(limit);
    await Promise.all([hasServed(1), hasServed(2)]);
  });

  it('keep to the maxConcurrency of an address that DNS has, also to a new one of the file', async () => {
    const counted = countRequests();
    const dns = await DnsServer.start();
    try {
      dns.hostIs('vllm.test', ['127.0.0.1']);
      const { port } = new URL(upstream.baseUrl);
      const found = { baseUrl: `http://vllm.test:${port}/v1`, discovery: 'dns', dnsServer: dns.address };
      const url = await start({ ...found, maxConcurrency: 1 });
      const serve = async (): Promise<void> => {
        const responses = await Promise.all(Array.from({ length: 40 }, () => post(url, REQUEST)));
        expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
      };
      await serve();
      expect(counted.most).toBe(1);
      const upstreams = [{ name: 'fake', ...found, maxConcurrency: 2 }];
      writeFileSync(gateway.configFile, stringify({ server: { workers: 2 }, apiKeys: API_KEYS, upstreams }));
      await until('both workers to have the new limit', async () =>
        (await limitsOf(url)).every((limit) => limit === 2),
      );
      await serve();
      expect(counted.most).toBe(2);
      await Promise.all([hasServed(1), hasServed(2)]);
    } finally {
      dns.stop();
    }
  });

  it('leave no slot unused: the only one serves both, without a queue, and is known to be taken', async () => {
    const url = await start({ maxConcurrency: 1 }, { routing: { maxQueue: 0 } });
    for (let i = 0; i < 6; i++) expect((await post(url, REQUEST)).status).toBe(200);
    await Promise.all([hasServed(1), hasServed(2)]);
    const { behaviour, release } = hold(replyJson(completion('Hello')));
    upstream.onCompletion(behaviour);
    const held = post(url, REQUEST);
    await upstream.received(7);
    for (let i = 0; i < 2; i++) expect((await post(url, REQUEST)).status).toBe(503);
    release();
    expect((await held).status).toBe(200);
  });
});

describe('two workers without an upstream', () => {
  it('share one engine, wherever it comes back, and the key that was made for the run', async () => {
    gateway = GatewayProcess.spawn({}, { WORKERS: '2', API_KEYS: '' });
    const url = await gateway.listening();
    const [, key = ''] = /Bearer (dforg_[^\s"]+)/.exec(gateway.banner) ?? [];
    const tell = { model: 'storyteller', prompt: 'Once', max_tokens: 2 };
    for (let i = 0; i < 2; i++) expect((await post(url, tell, key)).status).toBe(200);
    await Promise.all([hasServed(1), hasServed(2)]);

    const isReady = ({ msg }: Record<string, unknown>): boolean => msg === 'the embedded engine is ready';
    const [engine, ...others] = gateway.logLines.filter(isReady);
    expect(others).toHaveLength(0);
    process.kill(Number(engine?.pid), 'SIGKILL');
    await gateway.logged((line) => isReady(line) && line.pid !== engine?.pid);
    for (let i = 0; i < 2; i++) expect((await post(url, tell, key)).status).toBe(200);
  });
});

describe('workers that cannot start', () => {
  it('end the gateway with 1, and the reason once', async () => {
    const other = createServer();
    const port = await listen(other);
    const upstreams = [{ name: 'fake', baseUrl: 'http://127.0.0.1:9/v1' }];
    gateway = GatewayProcess.spawn({ upstreams }, { WORKERS: '2', PORT: String(port) });
    const { exitCode, stderr } = await gateway.ended;
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toMatch(new RegExp(`^Something listens on 127.0.0.1:${port} already.[^\\n]*$`));
    other.close();
  });
});
