import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import {
  chunk,
  completion,
  FakeUpstream,
  HELD_STREAM,
  holdStream,
  replyEvents,
  replyJson,
} from './support/fake-upstream.js';
import { ADMIN, AS_ADMIN, postCompletion } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { SteadyClient } from './support/steady-client.js';
import { until } from './support/wait.js';

/** Several processes start, one after the other, on a machine that others may use too. */
const SLOW_START_MS = 120_000;
const REQUEST = { model: 'test-model', prompt: 'Hi' };

describe('workers', () => {
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;
  let url: string;
  let clients: SteadyClient[];
  /** Ends the streams of requests with the prompt `slow`. */
  let finish: () => void;

  beforeEach(async () => {
    const { behaviour, release } = holdStream();
    finish = release;
    upstream = await FakeUpstream.start((response, request) => {
      const { prompt, stream } = request.body;
      const other = stream ? replyEvents(chunk('One', 'stop'), '[DONE]') : replyJson(completion('One'));
      return (prompt === 'slow' ? behaviour : other)(response, request);
    });
    gateway = GatewayProcess.spawn(config());
    url = await gateway.listening();
    clients = [];
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all(clients.map((client) => client.stop()));
    await upstream.stop();
  });

  function config(server: object = {}): object {
    // Streams are held open and silent while processes start, however long that takes.
    const timeouts = { firstByteMs: 600_000, idleMs: 600_000 };
    return {
      server: { workers: 2, heartbeatMs: 600_000, ...server },
      upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl, timeouts }],
      apiKeys: [ADMIN],
    };
  }

  function startClients(): void {
    clients = Array.from({ length: 6 }, (_, index) => {
      const body = index % 2 === 0 ? REQUEST : { ...REQUEST, stream: true };
      return new SteadyClient(url, `client-${index}`, body);
    });
  }

  const allSucceed = (count: number) => Promise.all(clients.map((client) => client.succeeded(count)));

  function openStream(): Promise<Response> {
    return postCompletion(url, { ...REQUEST, prompt: 'slow', stream: true }, { headers: { connection: 'close' } });
  }

  async function countOfAttempts(): Promise<number> {
    const headers = { ...AS_ADMIN, connection: 'close' };
    const text = await (await fetch(`${url}/metrics`, { headers })).text();
    const counts = text.matchAll(/^gateway_upstream_attempts_total\{.*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  it(
    'that are killed break their own connections only, are replaced, and stay counted',
    async () => {
      startClients();
      await allSucceed(3);
      const lines = await Promise.all(clients.map(({ name }) => gateway.logged(({ id }) => id === `${name}-1`)));
      const workers = lines.map(({ worker }) => worker);
      expect(new Set(workers)).toEqual(new Set([1, 2]));
      const before = await countOfAttempts();

      const { pid } = await gateway.logged(({ msg, worker }) => msg === 'a worker serves' && worker === 1);
      process.kill(Number(pid), 'SIGKILL');
      await gateway.logged(({ msg, worker }) => msg === 'a worker died; another one is started' && worker === 1);
      await gateway.logged(({ msg, worker }) => msg === 'a worker serves' && worker === 3);
      await allSucceed(3);
      expect(await countOfAttempts()).toBeGreaterThanOrEqual(before);
      for (const [index, { failures }] of clients.entries()) {
        expect(failures.length).toBeLessThanOrEqual(workers[index] === 1 ? 1 : 0);
      }
    },
    SLOW_START_MS,
  );

  it(
    'are replaced on SIGHUP without a failed request, under a new configuration, and a stream goes on',
    async () => {
      startClients();
      const streams = await Promise.all([openStream(), openStream()]);
      await allSucceed(3);
      const countBefore = await countOfAttempts();
      writeFileSync(gateway.configFile, stringify(config({ bodyLimitBytes: 100 })));
      gateway.kill('SIGHUP');
      await gateway.logged(({ msg }) => msg === 'every worker has been replaced');
      await allSucceed(3);
      finish();
      for (const stream of streams) expect(await stream.text()).toBe(HELD_STREAM);
      await allSucceed(3);
      await Promise.all(clients.map((client) => client.stop()));
      expect(clients.flatMap(({ failures }) => failures)).toEqual([]);

      const long = { ...REQUEST, prompt: 'long'.repeat(30) };
      expect((await postCompletion(url, long, { headers: { connection: 'close' } })).status).toBe(413);
      expect(gateway.logLines.filter(({ msg }) => msg === 'these sections change with the next start')).toEqual([]);
      expect(await countOfAttempts()).toBeGreaterThan(countBefore);
    },
    SLOW_START_MS,
  );

  it('let their streams end on SIGTERM, then the whole exits with 0', async () => {
    const streams = await Promise.all([openStream(), openStream()]);
    gateway.kill('SIGTERM');
    await gateway.logged(({ msg }) => msg === 'shutting down');
    await isRefused();
    finish();
    for (const stream of streams) expect(await stream.text()).toBe(HELD_STREAM);
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
    const workers = gateway.logLines
      .filter(({ status, stream }) => status === 200 && stream)
      .map(({ worker }) => worker);
    expect(workers.sort()).toEqual([1, 2]);
  });

  it('end at once when the signal comes a second time', async () => {
    const stream = await openStream();
    gateway.kill('SIGTERM');
    await isRefused();
    gateway.kill('SIGTERM');
    await expect(stream.text()).rejects.toThrow('terminated');
    expect(await gateway.ended).toMatchObject({ exitCode: 143 });
  });

  /** Resolves when nothing listens any more. */
  async function isRefused(): Promise<void> {
    const isUp = () =>
      fetch(`${url}/livez`, { headers: { connection: 'close' } }).then(
        () => true,
        () => false,
      );
    await until('the port to close', async () => !(await isUp()));
  }
});
