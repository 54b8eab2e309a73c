import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { FakeUpstream } from '../support/fake-upstream.js';
import { ADMIN, API_KEY, AS_ADMIN, Gateway, postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { NamedPipe } from '../support/named-pipe.js';

const LONG_PATH = `/${'x'.repeat(12_000)}`;
/** As long as a logged one may be, and six times as long in JSON. */
const LONG_MODEL = '\u0001'.repeat(256);
/** More than may wait, of lines of some 1,900 bytes. */
const REQUESTS = 700;

describe('a log that cannot be written', () => {
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;
  let pipe: NamedPipe | undefined;

  beforeEach(async () => {
    pipe = undefined;
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    gateway.kill('SIGKILL');
    // A writer that waits for the pipe fails, and goes on.
    pipe?.closeReader();
    await gateway.ended;
    await upstream.stop();
  });

  /** The gateway, its log going to a file descriptor. */
  async function start(stdout: number, server: object = {}, otherUpstreams: object[] = []): Promise<string> {
    const config = {
      server,
      upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl, models: ['test-model'] }, ...otherUpstreams],
      apiKeys: [ADMIN],
    };
    gateway = GatewayProcess.spawn(config, {}, undefined, false, { stdout });
    closeSync(stdout);
    return gateway.listening();
  }

  function onPipe(): number {
    pipe = new NamedPipe();
    pipe.openReader();
    return pipe.openWriter();
  }

  const complete = (url: string): Promise<Response> =>
    postCompletion(url, { model: 'test-model', prompt: 'Hi' }, { headers: { connection: 'close' } });

  /** Requests that are refused, each with a line of the log. */
  async function fillLog(url: string, requests = REQUESTS): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ model: LONG_MODEL, prompt: 'Hi' });
    let left = requests;
    const client = async (): Promise<void> => {
      while (left-- > 0) {
        const asking = request(`${url}/v1/completions`, { agent, method: 'POST', headers }).end(body);
        const [response] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
        response.resume();
        await once(response, 'end');
      }
    };
    await Promise.all(Array.from({ length: 10 }, client));
    agent.destroy();
  }

  async function lostLines(url: string): Promise<number> {
    const response = await fetch(`${url}/metrics`, {
      headers: { ...AS_ADMIN, connection: 'close' },
    });
    return Number(/^gateway_log_lines_lost_total (\d+)/m.exec(await response.text())?.[1]);
  }

  it.each([
    ['a full disk', () => openSync('/dev/full', 'w')],
    ['an unread pipe', onPipe],
    [
      'a closed pipe',
      () => {
        const writer = onPipe();
        pipe?.closeReader();
        return writer;
      },
    ],
  ])('stops nothing, is counted, and the process ends: %s', async (_name, open) => {
    const url = await start(open());
    await fillLog(url);
    expect((await complete(url)).status).toBe(200);
    expect(await lostLines(url)).toBeGreaterThan(10);
    gateway.kill('SIGTERM');
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
  });

  it('says how many lines were lost when it can be written again', async () => {
    const url = await start(onPipe());
    await fillLog(url);
    const lost = await lostLines(url);
    const lines = (await pipe?.readUntil((line) => line.includes('"msg":"lines of the log were lost"'))) ?? [];
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.find(({ msg }) => msg === 'lines of the log were lost')).toMatchObject({
      level: 'warn',
      lines: lost,
    });
    expect(records.filter(({ msg }) => msg === 'request').length + lost).toBe(REQUESTS);
    await complete(url);
    await pipe?.readUntil((line) => line.includes('"path":"/v1/completions"'));
  });

  it('is not waited for when several processes share it, whose lines stay whole', async () => {
    const url = await start(onPipe(), { workers: 2 });
    await fillLog(url, 2 * REQUESTS);
    await pipe?.readUntil((line) => line.includes('"msg":"lines of the log were lost"'));
    for (let count = 0; count < 20; count++) expect((await complete(url)).status).toBe(200);
    await fillLog(url);
    const lines = pipe?.read() ?? [];
    // Each is a whole record.
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('msg');
    gateway.kill('SIGTERM');
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
  });

  it('is not waited for after processes that share it have ended, each of which leaves it as it found it', async () => {
    // Each new process logs that this one does not answer before it replaces another.
    const down = { name: 'down', baseUrl: 'http://127.0.0.1:1/v1', models: ['other-model'] };
    const url = await start(onPipe(), { workers: 2 }, [down]);
    gateway.kill('SIGHUP');
    await pipe?.readUntil((line) => line.includes('"msg":"every worker has been replaced"'));
    await fillLog(url, 2 * REQUESTS);
    gateway.kill('SIGTERM');
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
  });
});

describe('a standard error that cannot be written', () => {
  it('does not end the process', async () => {
    const upstream = await FakeUpstream.start();
    const stderr = openSync('/dev/full', 'w');
    const config = { upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl }] };
    const gateway = GatewayProcess.spawn(config, {}, undefined, false, { stderr });
    closeSync(stderr);
    try {
      const { url } = await gateway.logged(({ msg }) => msg === 'listening');
      expect((await fetch(`${String(url)}/livez`, { headers: { connection: 'close' } })).status).toBe(200);
      gateway.kill('SIGTERM');
      expect(await gateway.ended).toMatchObject({ exitCode: 0 });
    } finally {
      gateway.kill('SIGKILL');
      await upstream.stop();
    }
  });
});

describe('a line of the access log', () => {
  it('has a bounded length, whatever the client and the upstream send', async () => {
    const upstream = await FakeUpstream.start((response) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'y'.repeat(500_000) } }));
    });
    const config = { routing: { maxAttempts: 1 }, server: { bodyLimitBytes: 10_000_000 } };
    const gateway = await Gateway.inFrontOf(upstream, { config });
    try {
      await gateway.get(LONG_PATH);
      await gateway.complete({ model: 'm'.repeat(256), prompt: 'Hi' });
      await gateway.complete({ model: '\u0001'.repeat(1_000_000), prompt: 'Hi' });
      const lines = await gateway.accessLog(3);
      for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(4_096);
      expect(lines[0]).toMatchObject({ path: `${LONG_PATH.slice(0, 512)}…` });
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
});
