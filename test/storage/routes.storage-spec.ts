import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ManualClock } from '../support/manual-clock.js';
import { describeOnDatabases } from '../support/databases.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { IdentityGateway } from '../support/identity-gateway.js';

const document = JSON.parse(readFileSync('openapi-admin.json', 'utf8')) as {
  paths: Record<string, Record<string, object>>;
};

const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
);

/** Every route of `openapi-admin.json`, with each key that may not use it. */
describeOnDatabases('the routes of the administration API', (newDatabase) => {
  const clock = new ManualClock();
  let upstream: FakeUpstream;
  let gateway: IdentityGateway;
  let projectKey: string;
  let othersKey: string;
  let revokedKey: string;
  let expiredKey: string;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await IdentityGateway.start(await newDatabase(), upstream, clock);
    projectKey = gateway.keys.apiKey;
    const organization = '/v1/organization';
    const { data: projects } = await gateway.json<{ data: [{ id: string }] }>('GET', `${organization}/projects`);
    ids.project = projects[0].id;
    const { data: keys } = await gateway.json<{ data: [{ id: string }] }>(
      'GET',
      `${organization}/projects/${ids.project}/api_keys`,
    );
    ids.key = keys[0].id;
    const account = await gateway.json<{ id: string }>(
      'POST',
      `${organization}/projects/${ids.project}/service_accounts`,
      { name: 'a' },
    );
    ids.account = account.id;
    const newAdminKey = (body: object, headers = {}) =>
      gateway.json<{ id: string; value: string }>('POST', `${organization}/admin_api_keys`, body, headers);
    const revoked = await newAdminKey({ name: 'revoked' });
    await gateway.json('DELETE', `${organization}/admin_api_keys/${revoked.id}`);
    revokedKey = revoked.value;
    expiredKey = (await newAdminKey({ name: 'expired', expires_in_seconds: 60 })).value;
    clock.advance(61_000);
    const other = await gateway.json<{ id: string }>('POST', '/admin/organization', { name: 'other' });
    ids.organization = other.id;
    othersKey = (await newAdminKey({ name: 'theirs' }, { 'openai-organization': other.id })).value;
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const statusOf = async (method: string, path: string, key: string | undefined): Promise<number> => {
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'unknown');
    const body = method === 'POST' ? { name: 'x', mode: 'allow_list', model_ids: [] } : undefined;
    const answer = await gateway.request(method, url, key, body);
    await answer.text();
    return answer.status;
  };

  const rowsNow = (): Promise<unknown> => gateway.json('GET', '/v1/organization/audit_logs');

  it('are at least 25', () => {
    expect(routes.length).toBeGreaterThanOrEqual(25);
  });

  describe.each(routes)('%s %s', (method, path) => {
    it('answers 401 without a key, and to a revoked, an expired and an unknown one', async () => {
      for (const key of [undefined, revokedKey, expiredKey, `dfadmin_${'a'.repeat(43)}`]) {
        expect([key, await statusOf(method, path, key)]).toEqual([key, 401]);
      }
    });

    it('answers 403 to the key of a project', async () => {
      expect(await statusOf(method, path, projectKey)).toBe(403);
    });

    it('shows and changes nothing for another organization', async () => {
      const before = await rowsNow();
      const status = await statusOf(method, path, othersKey);
      // Its own lists are empty, and what it makes is its own.
      const isOwnCollection =
        /^\/v1\/organization\/(?:projects|admin_api_keys|audit_logs|usage\/requests|limits)$/.test(path);
      const allowed = isOwnCollection ? [200, 422] : path.startsWith('/admin') ? [403] : [404, 422];
      expect(allowed).toContain(status);
      expect(await rowsNow()).toEqual(before);
    });
  });
});
