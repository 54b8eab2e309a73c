import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completion, FakeUpstream, replyJson } from '../support/fake-upstream.js';
import { API_KEY } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { SteadyClient } from '../support/steady-client.js';
import { within } from '../support/wait.js';

/** Several processes start, one after the other, on a machine that may be busy. */
const SLOW_START_MS = 60_000;
const ROUNDS = 2;
const CLIENTS = 16;
const REQUEST = { model: 'test-model', prompt: 'Hi' };

let gateway: GatewayProcess;

afterEach(() => gateway.stop());

/** Code that runs first in each process of the gateway. */
function runFirst(script: string): Record<string, string> {
  const file = join(mkdtempSync(join(tmpdir(), 'first-')), 'first.cjs');
  writeFileSync(file, script);
  return { NODE_OPTIONS: `--require=${file}` };
}

describe('the shutdown of a gateway', () => {
  let upstream: FakeUpstream;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(replyJson(completion('Hello')));
  });
  afterEach(() => upstream.stop());

  async function start(server: object, env: Record<string, string> = {}): Promise<string> {
    gateway = GatewayProcess.spawn({ server, upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl }] }, env);
    return gateway.listening();
  }

  it.each([1, 2])(
    'with %i processes costs clients that keep their connections nothing but refused connections',
    async (workers) => {
      let count = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const url = await start({ workers });
        const clients = Array.from(
          { length: CLIENTS },
          (_, index) => new SteadyClient(url, `client-${index}`, REQUEST),
        );
        await Promise.all(clients.map((client) => client.succeeded(10)));
        gateway.kill('SIGTERM');
        expect(await gateway.ended).toMatchObject({ exitCode: 0 });
        await Promise.all(clients.map((client) => client.stop()));
        const outcomes = clients.flatMap((client) => client.outcomes);
        expect(outcomes.filter((outcome) => outcome !== 200 && !String(outcome).includes('ECONNREFUSED'))).toEqual([]);
        count += outcomes.filter((outcome) => outcome === 200).length;
      }
      expect(count).toBeGreaterThanOrEqual(ROUNDS * CLIENTS * 10);
    },
    SLOW_START_MS,
  );

  it(
    'ends, although a part of it hangs and a client never closes its side',
    async () => {
      // Nest waits for this one's callback.
      const hang = runFirst("require('node:http').Server.prototype.close = function () { return this; };");
      const url = new URL(await start({ drainTimeoutMs: 100 }, hang));
      const socket = connect({ port: Number(url.port), host: url.hostname, allowHalfOpen: true });
      socket.on('error', () => undefined).resume();
      socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n\r\n`);
      await within('an answer', once(socket, 'data'));
      gateway.kill('SIGTERM');
      expect(await gateway.ended).toMatchObject({ exitCode: 0 });
      socket.destroy();
    },
    SLOW_START_MS,
  );

  /** Stops two workers, which then take no signal but SIGKILL; their process ids. */
  async function startStopped(server: object): Promise<number[]> {
    await start({ workers: 2, ...server });
    await gateway.logged(({ msg }) => msg === 'listening');
    const pids = gateway.logLines.flatMap(({ msg, pid }) => (msg === 'a worker serves' ? [Number(pid)] : []));
    expect(pids).toHaveLength(2);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return pids;
  }

  it(
    'reaches workers that are stopped',
    async () => {
      const pids = await startStopped({ drainTimeoutMs: 100 });
      gateway.kill('SIGTERM');
      expect(await gateway.ended).toMatchObject({ exitCode: 0 });
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
    SLOW_START_MS,
  );

  it(
    'reaches workers that are stopped also when the signal comes twice',
    async () => {
      await startStopped({});
      gateway.kill('SIGTERM');
      await gateway.logged(({ msg }) => msg === 'shutting down');
      gateway.kill('SIGTERM');
      // The workers write to the same standard error: that this closes says that all have ended.
      expect(await gateway.ended).toMatchObject({ exitCode: 143 });
    },
    SLOW_START_MS,
  );
});

describe('a signal before the start is over', () => {
  it.each([1, 2])(
    'is ignored when it is SIGHUP, and else ends the gateway in order, with %i processes',
    async (workers) => {
      const pipe = join(mkdtempSync(join(tmpdir(), 'engine-')), 'pipe');
      execFileSync('mkfifo', [pipe]);
      // The embedded engine reads for as long as this end is open, and opening it waits until it does.
      const isEngine = "process.argv[1]?.endsWith('engine/main.js')";
      const hang = runFirst(`if (${isEngine}) require('node:fs').readFileSync(${JSON.stringify(pipe)});`);
      gateway = GatewayProcess.spawn({ server: { workers } }, hang);
      const writer = await open(pipe, 'w');
      gateway.kill('SIGHUP');
      gateway.kill('SIGTERM');
      expect(await gateway.ended).toEqual({ exitCode: 0, signal: null, stderr: '' });
      await writer.close();
    },
    SLOW_START_MS,
  );
});
