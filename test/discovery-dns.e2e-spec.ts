import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import { UpstreamRegistry } from '../src/upstreams/upstream-registry.js';
import { DnsServer } from './support/dns-server.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';
import { until } from './support/wait.js';

const NAME = 'vllm.models.test';
const SERVICE = `_http._tcp.${NAME}`;
const BODY = { model: 'm', prompt: 'p' };

describe('discovery: dns', () => {
  let server: DnsServer;
  let replicas: FakeUpstream[];
  let gateway: Gateway;

  beforeEach(async () => {
    server = await DnsServer.start();
    replicas = [];
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all(replicas.map((replica) => replica.stop()));
    server.stop();
  });

  /** All of a headless Service have one port. */
  const replicaAt = async (host: string, port = 0): Promise<FakeUpstream> => {
    const replica = await FakeUpstream.on(createServer(), undefined, port, host);
    replicas.push(replica);
    return replica;
  };
  const portOf = ({ baseUrl }: FakeUpstream): number => Number(new URL(baseUrl).port);

  const start = async (baseUrl: string, options: object = {}): Promise<void> => {
    gateway = await Gateway.start({
      upstreams: [
        { name: 'vllm', baseUrl, discovery: 'dns', dnsIntervalMs: 20, dnsServer: server.address, ...options },
      ],
    });
  };

  const names = (): string[] => gateway.app.get(UpstreamRegistry).upstreams.map(({ config }) => config.name);
  const untilNames = (expected: string[]): Promise<void> =>
    until(`upstreams ${expected.join(', ')}`, () => names().join() === expected.join());

  it('makes an upstream of each address before the first request, and each gets requests', async () => {
    const first = await replicaAt('127.0.0.2');
    const second = await replicaAt('127.0.0.3', portOf(first));
    server.hostIs(NAME, ['127.0.0.3', '127.0.0.2']);
    await start(`http://${NAME}:${portOf(first)}/v1`);
    expect(names()).toEqual(['vllm-127.0.0.2', 'vllm-127.0.0.3']);
    for (let sent = 0; sent < 40; sent++) expect((await gateway.complete(BODY)).status).toBe(200);
    expect(first.requests.length).toBeGreaterThan(0);
    expect(second.requests.length).toBeGreaterThan(0);
  });

  it('fails no request while replicas come and go under load', async () => {
    const first = await replicaAt('127.0.0.2');
    const port = portOf(first);
    await replicaAt('127.0.0.3', port);
    server.hostIs(NAME, ['127.0.0.2', '127.0.0.3']);
    await start(`http://${NAME}:${port}/v1`);
    let isOver = false;
    const statuses: number[] = [];
    const client = async (): Promise<void> => {
      while (!isOver && statuses.length < 5_000) statuses.push((await gateway.complete(BODY)).status);
    };
    const clients = [client(), client(), client(), client()];
    await replicaAt('127.0.0.4', port);
    for (let round = 0; round < 5; round++) {
      server.hostIs(NAME, ['127.0.0.3', '127.0.0.4']);
      await untilNames(['vllm-127.0.0.3', 'vllm-127.0.0.4']);
      server.hostIs(NAME, ['127.0.0.2', '127.0.0.4']);
      await untilNames(['vllm-127.0.0.2', 'vllm-127.0.0.4']);
    }
    isOver = true;
    await Promise.all(clients);
    expect(statuses.length).toBeGreaterThan(20);
    expect(new Set(statuses)).toEqual(new Set([200]));
    for (const { requests } of replicas) expect(requests.length).toBeGreaterThan(0);
  });

  const urls = (): string[] => gateway.app.get(UpstreamRegistry).upstreams.map(({ config }) => config.baseUrl);

  it('takes AAAA records, and those beside A records', async () => {
    // An IPv4 address in IPv6's form: its server listens on the former.
    const first = await replicaAt('127.0.0.2');
    const port = portOf(first);
    const second = await replicaAt('127.0.0.3', port);
    server.hostIs(NAME, ['::ffff:127.0.0.2']);
    await start(`http://${NAME}:${port}/v1`);
    expect(names()).toEqual(['vllm-__ffff_127.0.0.2']);
    expect(urls()).toEqual([`http://[::ffff:7f00:2]:${port}/v1`]);
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect(first.requests).toHaveLength(1);
    server.hostIs(NAME, ['::ffff:127.0.0.2', '127.0.0.3', '::ffff:127.0.0.2']);
    await untilNames(['vllm-127.0.0.3', 'vllm-__ffff_127.0.0.2']);
    for (let sent = 0; sent < 40; sent++) expect((await gateway.complete(BODY)).status).toBe(200);
    expect(first.requests.length).toBeGreaterThan(1);
    expect(second.requests.length).toBeGreaterThan(0);
    // A failed lookup removes no upstream.
    server.failing.add('A');
    await until('a warning of a name that is not resolved', () =>
      gateway.logLines.some(({ msg }) => String(msg).endsWith('is not resolved')),
    );
    expect(names()).toHaveLength(2);
    server.failing.clear();
    server.hostIs(NAME, ['127.0.0.3']);
    await untilNames(['vllm-127.0.0.3']);
  });

  it('takes the ports of SRV records, and names of 60 addresses', async () => {
    const [first, second] = [await replicaAt('127.0.0.1'), await replicaAt('127.0.0.1')];
    const srv = (replica: FakeUpstream) => ({
      type: 'SRV' as const,
      name: SERVICE,
      data: { target: NAME, port: portOf(replica), priority: 0, weight: 0 },
    });
    server.records.set(SERVICE, [srv(first), srv(second)]);
    server.hostIs(NAME, ['127.0.0.1']);
    await start(`http://${SERVICE}/v1`);
    const ports = [portOf(first), portOf(second)].map(String).sort();
    expect(names()).toEqual(ports.map((port) => `vllm-127.0.0.1-${port}`));
    expect((await gateway.complete(BODY)).status).toBe(200);
    server.records.set(SERVICE, [srv(first)]);
    server.hostIs(
      NAME,
      Array.from({ length: 60 }, (_, index) => `127.0.1.${index + 1}`),
    );
    await until('60 upstreams', () => names().length === 60);
  });

  it('keeps its upstreams while the name server is down, and warns once', async () => {
    const only = await replicaAt('127.0.0.2');
    server.hostIs(NAME, ['127.0.0.2']);
    await start(`http://${NAME}:${portOf(only)}/v1`);
    server.records.clear();
    const warnings = (): number =>
      gateway.logLines.filter(({ level, upstream }) => level === 'warn' && upstream).length;
    await until('a warning of an upstream', () => warnings() > 0);
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect(warnings()).toBe(1);
    server.hostIs(NAME, ['127.0.0.2']);
    await until('news that the name is resolved again', () =>
      gateway.logLines.some(({ msg }) => String(msg).includes('resolved again')),
    );
  });
});
