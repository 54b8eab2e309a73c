import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { FakeUpstream, HELD_STREAM, holdStream } from './support/fake-upstream.js';
import { API_KEY, postCompletion } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { until } from './support/wait.js';

const REQUEST = { model: 'test-model', prompt: 'Hi', stream: true };

describe('SIGTERM', () => {
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;
  let finish: () => void;

  beforeEach(async () => {
    const { behaviour, release } = holdStream();
    finish = release;
    upstream = await FakeUpstream.start(behaviour);
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  async function start(server: object): Promise<string> {
    gateway = GatewayProcess.spawn({ server, upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl }] });
    return gateway.listening();
  }

  /** The gateway would wait a while for the next request on a connection that is kept. */
  const openStream = (url: string) => postCompletion(url, REQUEST, { headers: { connection: 'close' } });

  it('lets streams that are under way end, then exits with 0', async () => {
    const url = await start({});
    const response = await openStream(url);
    gateway.kill('SIGTERM');
    await refused(url);
    finish();
    expect(await response.text()).toBe(HELD_STREAM);
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
  });

  it('says first that it is not ready, and still serves', async () => {
    const url = await start({ shutdownDelayMs: 3_600_000 });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    gateway.kill('SIGTERM');
    await until('readiness to say no', async () => (await fetch(`${url}/readyz`)).status === 503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const response = await openStream(url);
    finish();
    expect(await response.text()).toContain('[DONE]');
  });

  it('serves requests on open connections, and says that each is the last one', async () => {
    const url = new URL(await start({}));
    const socket = connect(Number(url.port), url.hostname);
    let received = '';
    socket.on('data', (bytes: Buffer) => (received += bytes.toString()));
    const head = `HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\ncontent-type: application/json\r\n`;
    const body = JSON.stringify(REQUEST);
    socket.write(`POST /v1/completions ${head}content-length: ${body.length}\r\n\r\n${body}`);
    await once(socket, 'data');
    gateway.kill('SIGTERM');
    await refused(url.origin);
    socket.write(`GET /v1/models ${head}\r\n`);
    finish();
    await once(socket, 'close');
    expect(received).toContain('data: [DONE]');
    const [first = '', second = ''] = received.split('[DONE]');
    expect(first).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(first).not.toMatch(/connection: close/i);
    expect(second).toContain('HTTP/1.1 200 OK');
    expect(second).toMatch(/connection: close/i);
    expect(second).toContain('"object":"list"');
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
  });

  it('cuts what is still under way when the time is over, and exits with 0', async () => {
    const url = await start({ drainTimeoutMs: 1 });
    const response = await openStream(url);
    gateway.kill('SIGTERM');
    await expect(response.text()).rejects.toThrow('terminated');
    expect(await gateway.ended).toMatchObject({ exitCode: 0 });
    await upstream.lastRequest.aborted;
  });

  it('under npm, drains when the shell in between is killed', async () => {
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
    gateway = GatewayProcess.spawn({ upstreams }, { npm_lifecycle_event: 'start' }, undefined, true);
    const url = await gateway.listening();
    const response = await openStream(url);
    gateway.kill('SIGKILL');
    await refused(url);
    finish();
    expect(await response.text()).toBe(HELD_STREAM);
    // The shell's pipes are the gateway's: they close when it ends.
    await gateway.ended;
    expect(gateway.stdout).toContain('the parent is gone');
  });

  it('ends at once when it comes a second time', async () => {
    const url = await start({});
    const response = await openStream(url);
    gateway.kill('SIGTERM');
    await refused(url);
    gateway.kill('SIGTERM');
    await expect(response.text()).rejects.toThrow('terminated');
    expect(await gateway.ended).toMatchObject({ exitCode: 143 });
  });
});

/** Resolves when nothing listens there any more. */
async function refused(url: string): Promise<void> {
  const isRefused = (): Promise<boolean> =>
    fetch(`${url}/livez`, { headers: { connection: 'close' } }).then(
      (response) => response.text().then(() => false),
      () => true,
    );
  await until('the port to close', isRefused);
}
