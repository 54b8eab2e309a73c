import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completion, FakeUpstream, replyJson } from '../support/fake-upstream.js';
import { postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { SteadyClient } from '../support/steady-client.js';

/** Many processes start, one after the other, on a machine that others may use too. */
const SLOW_START_MS = 120_000;
const ROUNDS = 2;
const REQUEST = { model: 'test-model', prompt: 'Hi' };
/** How a request of a killed worker may end. */
const BROKEN = /socket hang up|ECONNRESET|EPIPE/;

describe('workers that are killed', () => {
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(replyJson(completion('Hello')));
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function start(env: Record<string, string> = {}): Promise<string> {
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
    gateway = GatewayProcess.spawn({ server: { workers: 2 }, upstreams }, env);
    return gateway.listening();
  }

  const logged = (message: string) => gateway.logLines.filter(({ msg }) => msg === message);

  /** A client whose every request has a connection of its own, many of which are on their way to a worker at each kill. */
  async function askAnew(url: string, outcomes: (number | string)[], isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const asked = postCompletion(url, REQUEST, { headers: { connection: 'close' } });
      const outcome = await asked.then(
        async (response) => (await response.text(), response.status),
        (error: unknown) => String((error as Error).cause),
      );
      outcomes.push(outcome);
    }
  }

  it(
    'all at once under load, again and again, are replaced without a growing delay, and leave no request hanging',
    async () => {
      const url = await start();
      const clients = Array.from({ length: 6 }, (_, index) => new SteadyClient(url, `client-${index}`, REQUEST));
      const outcomes: (number | string)[] = [];
      let isOver = false;
      const others = Array.from({ length: 12 }, () => askAnew(url, outcomes, () => isOver));
      for (let round = 1; round <= ROUNDS; round++) {
        await Promise.all(clients.map((client) => client.succeeded(5)));
        for (const { pid } of logged('a worker serves').slice(-2)) process.kill(Number(pid), 'SIGKILL');
        await gateway.logged(() => logged('a worker serves').length === 2 * (round + 1));
      }
      await Promise.all(clients.map((client) => client.succeeded(5)));
      isOver = true;
      await Promise.all([...others, ...clients.map((client) => client.stop())]);
      const deaths = logged('a worker died; another one is started');
      expect(deaths.map(({ restartMs }) => restartMs)).toEqual(deaths.map(() => 250));
      expect(deaths).toHaveLength(2 * ROUNDS);
      const bad = [...outcomes, ...clients.flatMap(({ failures }) => failures)].filter((outcome) => outcome !== 200);
      expect(
        bad.filter((outcome) => !BROKEN.test(String(outcome)) && !String(outcome).includes('other side closed')),
      ).toEqual([]);
    },
    SLOW_START_MS,
  );

  it(
    'before they serve do not end the start of the gateway',
    async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'first-')), 'first.cjs');
      writeFileSync(file, "if (require('node:cluster').worker?.id === 1) process.kill(process.pid, 'SIGKILL');");
      await start({ NODE_OPTIONS: `--require=${file}` });
      await gateway.logged(({ msg }) => msg === 'listening');
      expect(logged('a worker was killed before it served')).toHaveLength(1);
      expect(logged('a worker serves').map(({ worker }) => worker)).toEqual([2, 3]);
    },
    SLOW_START_MS,
  );
});
