import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { describeOnDatabases } from '../support/databases.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { errorOf } from '../support/gateway.js';
import { IdentityGateway } from '../support/identity-gateway.js';
import { ManualClock } from '../support/manual-clock.js';

const MINUTE_MS = 60_000;
const UNLIMITED = { max_requests_per_1_minute: null, max_tokens_per_1_minute: null, max_requests_per_1_day: null };

describeOnDatabases('limits through the API', (newDatabase) => {
  let upstream: FakeUpstream;
  let gateway: IdentityGateway;
  let clock: ManualClock;
  let project: string;
  let organization: string;
  let key: { id: string; value: string };

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl, models: ['test-model', 'meta/llama-8b'] }];
    gateway = await IdentityGateway.start(await newDatabase(), upstream, clock, { upstreams });
    ({ id: organization } = (await gateway.json<{ data: [{ id: string }] }>('GET', '/admin/organization')).data[0]);
    ({ id: project } = await gateway.json<{ id: string }>('POST', '/v1/organization/projects', { name: 'team' }));
    key = await gateway.json('POST', `/v1/organization/projects/${project}/api_keys`, { name: 'robot' });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const rateLimits = () => gateway.admin().admin.organization.projects.rateLimits;

  const statuses = async (count: number, model?: string): Promise<number[]> => {
    const found: number[] = [];
    for (let at = 0; at < count; at++) found.push(await gateway.statusFor(key.value, model));
    return found;
  };

  const listed = async (): Promise<object[]> => {
    const rows: object[] = [];
    for await (const row of rateLimits().listRateLimits(project, { limit: 2 })) rows.push(row);
    return rows;
  };

  const ofProject = (limits: object): Promise<{ limits: unknown }> =>
    gateway.json('POST', `/v1/organization/projects/${project}`, { limits });

  describe('as the openai package 7.57.0 sets them', () => {
    it('have a row for all models together and one for each, page by page', async () => {
      expect(await listed()).toEqual(
        ['*', 'test-model', 'meta/llama-8b'].map((model) => ({
          object: 'project.rate_limit',
          id: `rl-${model}`,
          model,
          ...UNLIMITED,
        })),
      );
    });

    it('hold at once for all models together, and say so in the answer', async () => {
      const set = { project_id: project, max_requests_per_1_minute: 2, max_tokens_per_1_minute: 1000 };
      expect(await rateLimits().updateRateLimit('rl-*', set)).toMatchObject({
        model: '*',
        max_requests_per_1_minute: 2,
      });
      expect(await statuses(2)).toEqual([200, 200]);
      const refused = await gateway.complete(key.value, { model: 'meta/llama-8b' });
      expect([refused.status, await errorOf(refused)]).toMatchObject([
        429,
        { error: { code: 'rate_limit_exceeded', message: 'Limit reached for its project: 2 requests per minute.' } },
      ]);
      expect(refused.headers.get('x-ratelimit-limit-requests')).toBe('2');
      clock.advance(MINUTE_MS / 2);
      expect(await statuses(2)).toEqual([200, 429]);
    });

    it('hold for one model, whatever its name, and not for the others', async () => {
      const id = 'rl-meta/llama-8b';
      await rateLimits().updateRateLimit(id, { project_id: project, max_requests_per_1_minute: 1 });
      expect(await statuses(2, 'meta/llama-8b')).toEqual([200, 429]);
      expect(await statuses(3)).toEqual([200, 200, 200]);
      // A limit that is not given stays.
      await rateLimits().updateRateLimit(id, { project_id: project, max_requests_per_1_day: 7 });
      expect(await listed()).toContainEqual(
        expect.objectContaining({ id, max_requests_per_1_minute: 1, max_requests_per_1_day: 7 }),
      );
    });

    it('hold for a pattern, until they are deleted', async () => {
      await rateLimits().updateRateLimit('rl-meta*', { project_id: project, max_requests_per_1_minute: 1 });
      expect(await statuses(2, 'meta/llama-8b')).toEqual([200, 429]);
      expect(await listed()).toHaveLength(4);
      const path = `/v1/organization/projects/${project}/rate_limits/rl-meta*`;
      expect(await gateway.json('DELETE', path)).toMatchObject({ id: 'rl-meta*', deleted: true });
      expect(await statuses(2, 'meta/llama-8b')).toEqual([200, 200]);
      expect(await listed()).toHaveLength(3);
    });

    it('hold for a day, which begins at midnight, UTC', async () => {
      await rateLimits().updateRateLimit('rl-*', { project_id: project, max_requests_per_1_day: 2 });
      clock.advance(23 * 60 * MINUTE_MS);
      expect(await statuses(2)).toEqual([200, 200]);
      const refused = await gateway.complete(key.value);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3600']);
      expect((await errorOf(refused)).error.message).toBe('Limit reached for its project: 2 requests per day.');
      clock.advance(60 * MINUTE_MS);
      expect(await statuses(3)).toEqual([200, 200, 429]);
    });

    it('stand in the audit log', async () => {
      await rateLimits().updateRateLimit('rl-*', { project_id: project, max_requests_per_1_minute: 2 });
      const { data } = await gateway.json<{ data: object[] }>('GET', '/v1/organization/audit_logs?limit=1');
      expect(data).toMatchObject([
        {
          type: 'rate_limit.updated',
          project: { id: project },
          'rate_limit.updated': { id: 'rl-*', changes_requested: { max_requests_per_1_minute: 2 } },
        },
      ]);
    });

    it('are refused for a model that no upstream serves, for images, and below 1', async () => {
      const update = rateLimits().updateRateLimit('rl-test-modle', { project_id: project });
      await expect(update).rejects.toBeInstanceOf(OpenAI.NotFoundError);
      const images = rateLimits().updateRateLimit('rl-*', { project_id: project, max_images_per_1_minute: 1 });
      await expect(images).rejects.toMatchObject({ status: 422, code: 'extra_forbidden' });
      const none = rateLimits().updateRateLimit('rl-*', { project_id: project, max_requests_per_1_minute: 0 });
      await expect(none).rejects.toMatchObject({ status: 422, code: 'greater_than_equal' });
    });
  });

  describe('as the field `limits`', () => {
    it.each([
      ['a project', () => ofProject({ requests_per_minute: 1 }), 'its project'],
      [
        'a key',
        () =>
          gateway.json('POST', `/v1/organization/projects/${project}/api_keys/${key.id}`, {
            limits: { requests_per_minute: 1 },
          }),
        'this API key',
      ],
      [
        'an organization',
        () => gateway.json('POST', `/admin/organization/${organization}`, { limits: { requests_per_minute: 1 } }),
        'its organization',
      ],
    ])('of %s: hold, and are answered', async (_, set, whose) => {
      expect(await set()).toMatchObject({ limits: { requests_per_minute: 1 } });
      expect(await statuses(1)).toEqual([200]);
      const refused = await gateway.complete(key.value);
      expect((await errorOf(refused)).error.message).toBe(`Limit reached for ${whose}: 1 requests per minute.`);
    });

    it('begin with a project, a key or an organization', async () => {
      const limits = { tokens_per_month: 5, models: { 'llama*': { concurrent_requests: 2 } } };
      for (const path of [
        '/admin/organization',
        '/v1/organization/projects',
        `/v1/organization/projects/${project}/api_keys`,
      ]) {
        const made = await gateway.json<{ id: string }>('POST', path, { name: 'limited', limits });
        expect(made).toMatchObject({ limits });
        expect(await gateway.json('GET', `${path}/${made.id}`)).toMatchObject({ limits });
      }
    });

    it('replace those before; an empty object removes all', async () => {
      await ofProject({ requests_per_minute: 1, models: { '*': { tokens_per_minute: 9 } } });
      expect((await ofProject({ tokens_per_minute: 500 })).limits).toEqual({ tokens_per_minute: 500 });
      expect(await statuses(2)).toEqual([200, 200]);
      expect((await ofProject({})).limits).toBeNull();
      const answer = await gateway.complete(key.value);
      expect(answer.headers.get('x-ratelimit-limit-tokens')).toBeNull();
    });

    it('and the rate limits are the same limits', async () => {
      await ofProject({ concurrent_requests: 3, models: { 'meta*': { tokens_per_minute: 9, tokens_per_month: 90 } } });
      expect(await listed()).toContainEqual(expect.objectContaining({ id: 'rl-meta*', max_tokens_per_1_minute: 9 }));
      await rateLimits().updateRateLimit('rl-*', { project_id: project, max_tokens_per_1_minute: 40 });
      await gateway.json('DELETE', `/v1/organization/projects/${project}/rate_limits/rl-meta*`);
      expect(await gateway.json('GET', `/v1/organization/projects/${project}`)).toMatchObject({
        limits: { concurrent_requests: 3, tokens_per_minute: 40, models: { 'meta*': { tokens_per_month: 90 } } },
      });
    });

    it('are deleted with their key', async () => {
      const path = `/v1/organization/projects/${project}/api_keys`;
      const limits = { requests_per_minute: 1 };
      const { id } = await gateway.json<{ id: string }>('POST', path, { name: 'short', limits });
      await gateway.json('DELETE', `${path}/${id}`);
      expect(await statuses(2)).toEqual([200, 200]);
    });

    it.each([
      [['requests_per_minute'], 'greater_than_equal', { requests_per_minute: 0 }],
      [['requests_per_minute'], 'int_type', { requests_per_minute: '5' }],
      [['requests_per_second'], 'extra_forbidden', { requests_per_second: 5 }],
      [['models', 'a*', 'rpm'], 'extra_forbidden', { models: { 'a*': { rpm: 1 } } }],
      [['models', 'a*', 'tokens_per_month'], 'int_type', { models: { 'a*': { tokens_per_month: 1.5 } } }],
      [['models', 'a*'], 'dict_type', { models: { 'a*': 5 } }],
      [['models'], 'dict_type', { models: [] }],
      [['models'], 'too_long', { models: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`m${at}`, {}])) }],
      [[], 'dict_type', []],
      [[], 'dict_type', 5],
    ])('are refused at %j as %s', async (loc, type, limits) => {
      const path = `/v1/organization/projects/${project}`;
      const answer = await gateway.request('POST', path, gateway.keys.adminKey, { limits });
      expect([answer.status, await answer.json()]).toMatchObject([
        422,
        { detail: [{ loc: ['body', 'limits', ...loc], type }] },
      ]);
      expect(await gateway.json('GET', path)).toMatchObject({ limits: null });
    });
  });

  it('show those of the configuration, null for a key without, read-only', async () => {
    await gateway.stop();
    const apiKeys = [
      {
        id: 'file-team',
        hash: hashApiKey('file-team-key'),
        organization: 'acme',
        project: 'search',
        limits: { requestsPerMinute: 5, models: { 'a*': { tokensPerMinute: 6 } } },
      },
      { id: 'file-free', hash: hashApiKey('file-free-key'), organization: 'acme', project: 'search' },
    ];
    gateway = await IdentityGateway.start(await newDatabase(), upstream, clock, { apiKeys });
    await gateway.json('POST', '/admin/organization', { id: 'acme', name: 'Acme' });
    const asAcme = { 'openai-organization': 'acme' };
    const path = '/v1/organization/projects/search';
    expect(await gateway.json('GET', `${path}/api_keys/file-team`, undefined, asAcme)).toMatchObject({
      limits: { requests_per_minute: 5, models: { 'a*': { tokens_per_minute: 6 } } },
    });
    expect(await gateway.json('GET', `${path}/api_keys/file-free`, undefined, asAcme)).toMatchObject({ limits: null });
    const body = { max_requests_per_1_minute: 2 };
    const answer = await gateway.request('POST', `${path}/rate_limits/rl-*`, gateway.keys.adminKey, body, asAcme);
    expect([answer.status, (await errorOf(answer)).error.code]).toEqual([400, 'read_only']);
  });
});
