import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { LimitsInForceDto } from '../../src/admin/dto/limits.dto.js';
import type { Page } from '../../src/admin/page.js';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { describeOnDatabases, type NewDatabase } from '../support/databases.js';
import { completion, FakeUpstream, hold, replyJson } from '../support/fake-upstream.js';
import { IdentityGateway } from '../support/identity-gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { until } from '../support/wait.js';

const ROUTE = '/v1/organization/limits';

describeOnDatabases('the limits in force', (newDatabase) => {
  let upstream: FakeUpstream;
  let gateway: IdentityGateway;
  let clock: ManualClock;
  let project: string;
  let key: { id: string; value: string };

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start(replyJson(completion('Hello')));
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  async function start(database: ReturnType<NewDatabase>, options: object = {}): Promise<void> {
    gateway = await IdentityGateway.start(await database, upstream, clock, options);
    ({ id: project } = await gateway.json<{ id: string }>('POST', '/v1/organization/projects', { name: 'team' }));
    key = await gateway.json('POST', `/v1/organization/projects/${project}/api_keys`, { name: 'robot' });
  }

  const list = (query = ''): Promise<Page<LimitsInForceDto>> => gateway.json('GET', `${ROUTE}?${query}`);

  /** `scope name kind[:models]`, and what is used of how much. */
  const uses = async (): Promise<Record<string, string>> => {
    const { data } = await list('limit=100');
    return Object.fromEntries(
      data.flatMap(({ scope, name, limits }) =>
        limits.map(({ kind, models, used, limit, remaining }) => {
          expect(remaining).toBe(Math.max(0, limit - used));
          return [`${scope} ${name} ${kind}${models === null ? '' : `:${models}`}`, `${used} of ${limit}`];
        }),
      ),
    );
  };

  it('are those of the organization, of projects and of keys, with what is used now', async () => {
    await start(newDatabase());
    const { id: organization } = (await gateway.json<{ data: [{ id: string }] }>('GET', '/admin/organization')).data[0];
    expect(await uses()).toEqual({});
    const limit = (path: string, limits: object) => gateway.json('POST', path, { limits });
    await limit(`/admin/organization/${organization}`, { tokens_per_month: 1000 });
    await limit(`/v1/organization/projects/${project}`, { requests_per_day: 50, tokens_per_minute: 600 });
    await limit(`/v1/organization/projects/${project}/api_keys/${key.id}`, {
      concurrent_requests: 2,
      models: { 'test*': { requests_per_minute: 60 }, 'other*': { requests_per_minute: 1 } },
    });
    const unused = {
      'organization default tokens_per_month': '0 of 1000',
      'project team tokens_per_minute': '0 of 600',
      'project team requests_per_day': '0 of 50',
      'key robot concurrent_requests': '0 of 2',
      'key robot requests_per_minute:test*': '0 of 60',
      'key robot requests_per_minute:other*': '0 of 1',
    };
    expect(await uses()).toEqual(unused);
    expect(await gateway.statusFor(key.value)).toBe(200);
    const used = {
      ...unused,
      'organization default tokens_per_month': '5 of 1000',
      'project team tokens_per_minute': '5 of 600',
      'project team requests_per_day': '1 of 50',
      'key robot requests_per_minute:test*': '1 of 60',
    };
    // Reading uses nothing.
    for (let asked = 0; asked < 3; asked++) expect(await uses()).toEqual(used);
    clock.advance(30_000);
    expect(await uses()).toMatchObject({
      'organization default tokens_per_month': '5 of 1000',
      'project team tokens_per_minute': '0 of 600',
      'key robot requests_per_minute:test*': '0 of 60',
    });
    expect((await list()).data.map(({ scope, id, project_id: of }) => [scope, id, of])).toEqual([
      ['organization', organization, null],
      ['project', project, null],
      ['key', key.id, project],
    ]);
  });

  it('count requests that are under way', async () => {
    await start(newDatabase());
    const limits = { concurrent_requests: 2 };
    await gateway.json('POST', `/v1/organization/projects/${project}/api_keys/${key.id}`, { limits });
    const { behaviour, release } = hold(replyJson(completion('Hello')));
    upstream.onCompletion(behaviour);
    const answers = Promise.all([gateway.statusFor(key.value), gateway.statusFor(key.value)]);
    const name = 'key robot concurrent_requests';
    await until('both requests to be under way', async () => (await uses())[name] === '2 of 2');
    expect(await gateway.statusFor(key.value)).toBe(429);
    release();
    expect(await answers).toEqual([200, 200]);
    await until('the end of both', async () => (await uses())[name] === '0 of 2');
  });

  it('are of every key where the configuration limits every key, page by page', async () => {
    const apiKeys = [
      { id: 'of-file', hash: hashApiKey('file-key'), limits: { requestsPerMinute: 5 } },
      { id: 'theirs', hash: hashApiKey('their-key'), organization: 'another' },
    ];
    await start(newDatabase(), { apiKeys, limits: { default: { requestsPerMinute: 100 } } });
    expect(await gateway.statusFor('file-key')).toBe(200);
    expect(await uses()).toEqual({
      'key of-file requests_per_minute': '1 of 5',
      'key robot requests_per_minute': '0 of 100',
      'key first requests_per_minute': '0 of 100',
    });
    const first = await list('limit=2&order=asc');
    const second = await list(`limit=2&order=asc&after=${first.last_id}`);
    expect([first, second].map(({ data, has_more: isMore }) => [data.map(({ name }) => name), isMore])).toEqual([
      [['of-file', 'first'], true],
      [['robot'], false],
    ]);
  });

  it('of the keys of the file are shown to keys of their organization, and to administrators of the gateway', async () => {
    const apiKeys = [
      { id: 'of-none', hash: hashApiKey('file-key'), limits: { requestsPerMinute: 5 } },
      { id: 'of-team', hash: hashApiKey('team-key'), organization: 'team', limits: { requestsPerMinute: 5 } },
      { id: 'of-other', hash: hashApiKey('other-key'), organization: 'other', limits: { requestsPerMinute: 5 } },
      { id: 'admin', hash: hashApiKey('admin-key'), admin: true },
    ];
    await start(newDatabase(), { apiKeys });
    const seenBy = async (bearer: string): Promise<string[]> => {
      const { data } = (await (await gateway.request('GET', ROUTE, bearer)).json()) as Page<LimitsInForceDto>;
      return data.map(({ id }) => id);
    };
    expect(await seenBy('admin-key')).toEqual(['of-none', 'of-team', 'of-other']);
    expect(await seenBy('team-key')).toEqual(['of-team']);
    expect(await seenBy('other-key')).toEqual(['of-other']);
  });
});
