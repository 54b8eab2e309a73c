import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { ManualClock } from '../support/manual-clock.js';
import { type DatabaseOptions, describeOnPostgres } from '../support/databases.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { IdentityGateway } from '../support/identity-gateway.js';
import { SlowProxy } from '../support/slow-proxy.js';
import { until } from '../support/wait.js';

const UNKNOWN = `dfproj_${'a'.repeat(43)}`;

describeOnPostgres('a database that fails, is slow or is shared,', (newDatabase, postgres) => {
  let upstream: FakeUpstream;
  const gateways: IdentityGateway[] = [];

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.stop();
    await upstream.stop();
    await postgres().resume();
  });

  const start = async (database: DatabaseOptions, clock: Clock = systemClock): Promise<IdentityGateway> => {
    const gateway = await IdentityGateway.start(database, upstream, clock);
    gateways.push(gateway);
    return gateway;
  };

  it('stops no completion with a known key; an unknown one gets a 503 with Retry-After until it answers again', async () => {
    const clock = new ManualClock();
    const gateway = await start(await newDatabase(), clock);
    const { apiKey } = gateway.keys;
    expect([await gateway.statusFor(apiKey), await gateway.statusFor(UNKNOWN)]).toEqual([200, 401]);
    await postgres().stop();
    // For 10 s after the last successful read, an unknown key does not exist.
    expect([await gateway.statusFor(apiKey), await gateway.statusFor(UNKNOWN)]).toEqual([200, 401]);
    clock.advance(11_000);
    const refused = await gateway.complete(UNKNOWN);
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
      503,
      '5',
      { error: { code: 'database_unavailable' } },
    ]);
    expect(await Promise.all(Array.from({ length: 50 }, () => gateway.statusFor(apiKey)))).toEqual(Array(50).fill(200));
    const change = await gateway.request('POST', '/v1/organization/projects', gateway.keys.adminKey, { name: 'lost' });
    expect([change.status, (await change.json()) as object]).toMatchObject([
      503,
      { error: { code: 'database_unavailable' } },
    ]);
    const { adminKey } = gateway.keys;
    expect((await gateway.request('POST', '/admin/upstreams/fake/undrain', adminKey)).status).toBe(200);
    await postgres().resume();
    await until('the database to be read again', async () => {
      clock.advance(5_000);
      return (await gateway.statusFor(UNKNOWN)) === 401;
    });
    expect(await gateway.json('POST', '/v1/organization/projects', { name: 'found' })).toMatchObject({ name: 'found' });
  });

  it('keeps no gateway from starting: it goes on trying, and is not ready before it knows its keys', async () => {
    const database = await newDatabase();
    const first = await start(database);
    const { apiKey } = first.keys;
    await postgres().stop();
    const clock = new ManualClock();
    const fresh = await IdentityGateway.startWithout(database, upstream, clock);
    gateways.push(fresh);
    expect([await fresh.statusFor(apiKey), (await fresh.request('GET', '/readyz', undefined)).status]).toEqual([
      503, 503,
    ]);
    await postgres().resume();
    await until('the keys to be read', async () => {
      clock.advance(5_000);
      return (await fresh.statusFor(apiKey)) === 200;
    });
    expect((await fresh.request('GET', '/readyz', undefined)).status).toBe(200);
  });

  it('delays no completion with a known key while it holds its answers back', async () => {
    const { database, ...others } = await newDatabase();
    const proxy = await SlowProxy.start(postgres().port);
    try {
      const url = database.replace(`:${postgres().port}/`, `:${proxy.port}/`);
      const gateway = await start({ database: url, ...others });
      const { apiKey } = gateway.keys;
      proxy.delays = true;
      const pending = gateway.request('GET', '/v1/organization/projects', gateway.keys.adminKey);
      await until('the question to reach the database', () => proxy.heldCount > 0);
      // Each is answered while the database still holds its answer back.
      for (let sent = 0; sent < 20; sent++) expect(await gateway.statusFor(apiKey)).toBe(200);
      expect(proxy.heldCount).toBeGreaterThan(0);
      proxy.letGo();
      expect((await pending).status).toBe(200);
    } finally {
      proxy.stop();
    }
  });

  it('tells three gateways that a key is revoked, without any of their clocks moving', async () => {
    const database = await newDatabase();
    const first = await start(database, new ManualClock());
    const { apiKey } = first.keys;
    for (let count = 0; count < 2; count++) {
      gateways.push(await IdentityGateway.startWithout(database, upstream, new ManualClock()));
    }
    const statuses = (): Promise<number[]> => Promise.all(gateways.map((gateway) => gateway.statusFor(apiKey)));
    expect(await statuses()).toEqual([200, 200, 200]);
    const projects = await first.json<{ data: [{ id: string }] }>('GET', '/v1/organization/projects');
    const path = `/v1/organization/projects/${projects.data[0].id}/api_keys`;
    const keys = await first.json<{ data: [{ id: string }] }>('GET', path);
    await first.json('DELETE', `${path}/${keys.data[0].id}`);
    await until('all three to refuse the key', async () => (await statuses()).every((status) => status === 401));
  });

  it('is read every 5 s where no notification comes', async () => {
    const database = await newDatabase();
    const first = await start(database);
    const { apiKey } = first.keys;
    const clock = new ManualClock();
    const deaf = await IdentityGateway.startWithout(database, upstream, clock, { isDeaf: true });
    gateways.push(deaf);
    const projects = await first.json<{ data: [{ id: string }] }>('GET', '/v1/organization/projects');
    await first.json('POST', `/v1/organization/projects/${projects.data[0].id}/archive`);
    expect(await deaf.statusFor(apiKey)).toBe(200);
    clock.advance(4_999);
    expect(await deaf.statusFor(apiKey)).toBe(200);
    clock.advance(1);
    await until('the key to be refused', async () => (await deaf.statusFor(apiKey)) === 401);
  });
});
