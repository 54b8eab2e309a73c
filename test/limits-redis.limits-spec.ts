import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '../src/common/clock.js';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { RedisStore } from '../src/limits/redis-store.js';
import { completion, FakeUpstream, replyJson } from './support/fake-upstream.js';
import { ADMIN, API_KEY, AS_ADMIN, errorOf, Gateway, postCompletion } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { runSchedule } from './support/limit-model.js';
import { ManualClock } from './support/manual-clock.js';
import { describeWithPrograms } from './support/programs.js';
import { RedisServer } from './support/redis-server.js';
import { seededRandom } from './support/seeded-random.js';
import { until } from './support/wait.js';

const SCHEDULES = 10_000;
const AT_ONCE = 200;

const REQUEST = { model: 'llama-8b', prompt: [1, 2], max_tokens: 8 };

describeWithPrograms(
  ['redis-server'],
  'limits in Redis',
  () => {
    let redis: RedisServer;
    let upstream: FakeUpstream;
    let clock: ManualClock;
    const gateways: Gateway[] = [];

    beforeEach(async () => {
      clock = new ManualClock();
      [redis, upstream] = await Promise.all([RedisServer.start(), FakeUpstream.start(replyJson(completion('Hello')))]);
    });

    afterEach(async () => {
      await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
      await Promise.all([redis.kill(), upstream.stop()]);
    });

    async function start(keyLimits: object, limits: object = {}, gatewayClock = clock as ManualClock | undefined) {
      const apiKeys = [{ id: 'team', hash: hashApiKey(API_KEY), limits: keyLimits }, ADMIN];
      const gateway = await Gateway.inFrontOf(upstream, {
        ...(gatewayClock && { clock: gatewayClock }),
        config: { apiKeys, limits: { store: redis.url, ...limits } },
      });
      gateways.push(gateway);
      return gateway;
    }

    async function statusOf(gateway: Gateway): Promise<number> {
      const response = await gateway.complete(REQUEST);
      await response.arrayBuffer();
      return response.status;
    }

    function storeLines({ logLines }: Gateway): unknown[] {
      return logLines.map(({ msg }) => msg).filter((msg) => String(msg).startsWith('the limit store'));
    }

    it(`are judged as a plain model judges them, in ${SCHEDULES} random schedules, by Redis's own time`, async () => {
      const store = await RedisStore.open(redis.url, systemClock);
      const counts = { granted: 0, refused: 0 };
      for (let first = 0; first < SCHEDULES; first += AT_ONCE) {
        const schedules = Array.from({ length: AT_ONCE }, (_, index) => first + index);
        const verdicts = await Promise.all(
          schedules.map((schedule) =>
            runSchedule(store, seededRandom(schedule), String(schedule), Number, () => undefined),
          ),
        );
        for (const { store: judged, model } of verdicts) {
          expect(judged).toEqual(model);
          for (const isGranted of judged) counts[isGranted ? 'granted' : 'refused']++;
        }
      }
      store.close();
      expect(counts.granted).toBeGreaterThan(SCHEDULES);
      expect(counts.refused).toBeGreaterThan(SCHEDULES);
    });

    it.each([
      ['100 requests', { requestsPerMinute: 100 }, 1, 100],
      ['20,000 tokens', { tokensPerMinute: 20_000 }, 200, 20_000],
    ])('of %s hold for 3,000 requests at once to three replicas, and are used up', async (_, limits, cost, limit) => {
      const usage = { prompt_tokens: 2, completion_tokens: 198, total_tokens: 200 };
      upstream.onCompletion(replyJson(completion('Hello', { usage })));
      // With `closed`, a request that gets in was granted by Redis.
      const onStoreFailure = 'closed';
      for (let replica = 0; replica < 3; replica++) await start(limits, { onStoreFailure }, undefined);
      const startedAt = Date.now();
      const body = { ...REQUEST, max_tokens: 198 };
      const statuses = await Promise.all(
        Array.from({ length: 3_000 }, async (__, index) => {
          const response = await gateways[index % 3]?.complete(body);
          await response?.arrayBuffer();
          return response?.status;
        }),
      );
      const elapsedMs = Date.now() - startedAt;
      const used = statuses.filter((status) => status === 200).length * cost;
      expect(used).toBeLessThanOrEqual(limit + (limit * elapsedMs) / 60_000);
      expect(used).toBeGreaterThan(limit - cost);
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    });

    it('that is frozen are waited for 50 ms at most, and then not at all until it answers', async () => {
      const gateway = await start({ requestsPerMinute: 10 });
      expect(await statusOf(gateway)).toBe(200);
      redis.signal('SIGSTOP');
      const held = statusOf(gateway);
      await until('the request to wait for Redis', () => clock.pendingMs.includes(50));
      clock.advance(50);
      expect(await held).toBe(200);
      for (let count = 0; count < 9; count++) expect(await statusOf(gateway)).toBe(200);
      // The share of the only replica is the whole limit.
      expect(await statusOf(gateway)).toBe(429);
      expect(storeLines(gateway)).toEqual(['the limit store does not answer']);
      redis.signal('SIGCONT');
      await until(
        'Redis to be asked again',
        async () => (await statusOf(gateway)) === 200 && storeLines(gateway).length === 2,
        () => clock.advance(1_000),
      );
      expect(storeLines(gateway)[1]).toBe('the limit store answers again');
    });

    it('that is killed are what the policy says, and begin anew when it comes back empty', async () => {
      const open = await start({ requestsPerMinute: 1 }, { onStoreFailure: 'open' });
      const closed = await start({ requestsPerMinute: 1 }, { onStoreFailure: 'closed' });
      await redis.kill();
      expect([await statusOf(open), await statusOf(open)]).toEqual([200, 200]);
      const refused = await closed.complete(REQUEST);
      expect([refused.status, (await errorOf(refused)).error.code]).toEqual([503, 'limits_unavailable']);
      await redis.restart();
      await until(
        'both to ask Redis again',
        async () => (await statusOf(open)) === 429 && (await statusOf(closed)) === 429,
        () => clock.advance(1_000),
      );
      for (const gateway of [open, closed]) expect(storeLines(gateway)).toHaveLength(2);
    });

    it('share among the replicas that were known last, while each keeps them itself', async () => {
      const first = await start({ requestsPerMinute: 10 });
      await start({ requestsPerMinute: 10 });
      clock.advance(10_000);
      await until(
        'the first to know of the second',
        async () => Number(await redis.command('ZCARD', 'gateway:replicas')) === 2,
      );
      await redis.kill();
      const statuses: number[] = [];
      for (let count = 0; count < 6; count++) statuses.push(await statusOf(first));
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    });

    it('are settled there: what a request did not use comes back, once', async () => {
      const gateway = await start({ tokensPerMonth: 1_000 });
      expect(await statusOf(gateway)).toBe(200);
      const month = new Date(clock.now()).toISOString().slice(0, 7);
      const key = `gateway:limits:{team}:key:team::budget:${month}`;
      await until('the settlement', async () => (await redis.command('GET', key)) === '5');
    });

    it('are listed with what is used of them, and nothing is taken; a Redis that hangs is a 503', async () => {
      const gateway = await start({ requestsPerMinute: 1_000, tokensPerMonth: 1_000, concurrentRequests: 4 });
      expect(await statusOf(gateway)).toBe(200);
      const list = () => gateway.get('/v1/organization/limits', AS_ADMIN);
      const used = async (): Promise<unknown> => {
        const { data } = (await (await list()).json()) as { data: { limits: { kind: string; used: number }[] }[] };
        const uses = data[0]?.limits.map(({ kind, used }) => [kind, used]);
        return Object.fromEntries(uses ?? []);
      };
      await until('the settlement', async () => JSON.stringify(await used()).includes('"tokens_per_month":5'));
      for (let count = 0; count < 3; count++) {
        // By Redis's own clock: a request comes back in 60 ms.
        expect(await used()).toEqual({
          requests_per_minute: expect.any(Number),
          tokens_per_month: 5,
          concurrent_requests: 0,
        });
      }
      redis.signal('SIGSTOP');
      const answer = await list();
      expect([answer.status, await errorOf(answer)]).toMatchObject([503, { error: { code: 'limits_unavailable' } }]);
    });

    it('cost a request one call, and one after it', async () => {
      const gateway = await start({ requestsPerMinute: 100, tokensPerMinute: 1_000, concurrentRequests: 4 });
      expect(await statusOf(gateway)).toBe(200);
      await redis.command('CONFIG', 'RESETSTAT');
      for (let count = 0; count < 10; count++) expect(await statusOf(gateway)).toBe(200);
      const calls = async (): Promise<string | undefined> =>
        /cmdstat_evalsha:calls=(\d+)/.exec(String(await redis.command('INFO', 'commandstats')))?.[1];
      await until('the settlements', async () => (await calls()) === '20');
    });

    it('are kept by the nodes of a cluster, those of an organization by one', async () => {
      const nodes = await Promise.all([0, 1].map(() => RedisServer.start(['--cluster-enabled', 'yes'])));
      try {
        await joinCluster(nodes);
        const apiKeys = ['a', 'b', 'c', 'd'].map((id) => ({
          id,
          hash: hashApiKey(`key-${id}`),
          organization: `org-${id}`,
          limits: { requestsPerMinute: 2, tokensPerMinute: 1_000, concurrentRequests: 2 },
        }));
        const store = nodes[0]?.url.replace('redis:', 'redis+cluster:');
        const gateway = await Gateway.inFrontOf(upstream, {
          clock,
          config: { apiKeys: [...apiKeys, ADMIN], limits: { store } },
        });
        gateways.push(gateway);
        for (const { id } of apiKeys) {
          const statuses: number[] = [];
          for (let count = 0; count < 3; count++) {
            const headers = { authorization: `Bearer key-${id}` };
            statuses.push((await gateway.complete(REQUEST, { headers })).status);
          }
          expect(statuses).toEqual([200, 200, 429]);
        }
        const list = await gateway.get('/v1/organization/limits', AS_ADMIN);
        const { data } = (await list.json()) as { data: { limits: { used: number }[] }[] };
        expect(data.map(({ limits }) => limits[2]?.used)).toEqual([0, 0, 0, 0]);
        expect(data.every(({ limits }) => limits[0]?.used === 2)).toBe(true);
        expect(storeLines(gateway)).toEqual([]);
        for (const node of nodes) expect(Number(await node.command('DBSIZE'))).toBeGreaterThan(1);
      } finally {
        await Promise.all(nodes.map((node) => node.kill()));
      }
    });

    it('hold for the workers of the built program', async () => {
      const apiKeys = [{ id: 'team', hash: hashApiKey('team-key'), limits: { requestsPerMinute: 5 } }];
      const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
      const program = GatewayProcess.spawn({ server: { workers: 2 }, apiKeys, upstreams }, { LIMITS_STORE: redis.url });
      try {
        const url = await program.listening();
        const headers = { authorization: 'Bearer team-key', connection: 'close' };
        const statuses = await Promise.all(
          Array.from({ length: 10 }, async () => (await postCompletion(url, REQUEST, { headers })).status),
        );
        expect(statuses.filter((status) => status === 200)).toHaveLength(5);
        expect(Number(await redis.command('ZCARD', 'gateway:replicas'))).toBe(2);
      } finally {
        await program.stop();
      }
    });

    it('need no SCRIPT command, and without EVAL are what the policy says', async () => {
      await redis.command('ACL', 'SETUSER', 'default', '-script');
      const gateway = await start({ requestsPerMinute: 1 });
      expect([await statusOf(gateway), await statusOf(gateway)]).toEqual([200, 429]);
      expect(storeLines(gateway)).toEqual([]);
      await redis.command('ACL', 'SETUSER', 'default', '-@scripting');
      expect([await statusOf(gateway), await statusOf(gateway)]).toEqual([200, 429]);
      expect(gateway.logLines).toContainEqual(
        expect.objectContaining({
          msg: 'the limit store does not answer',
          reason: expect.stringContaining('NOPERM'),
        }),
      );
      expect(storeLines(gateway)).toHaveLength(1);
    });
  },
  '.ci/limits-tools',
);

/** Each node has half of the slots. */
async function joinCluster(nodes: readonly RedisServer[]): Promise<void> {
  const [first, second] = nodes;
  if (!first || !second) throw new Error('a cluster of two');
  await first.command('CLUSTER', 'ADDSLOTSRANGE', 0, 8_191);
  await second.command('CLUSTER', 'ADDSLOTSRANGE', 8_192, 16_383);
  await first.command('CLUSTER', 'MEET', '127.0.0.1', second.port);
  const isWhole = async (node: RedisServer): Promise<boolean> => {
    const info = String(await node.command('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2');
  };
  for (const node of nodes) await until('the cluster to be whole', () => isWhole(node));
}
