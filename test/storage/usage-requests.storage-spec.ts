import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { UsageRequestDto } from '../../src/admin/dto/usage.dto.js';
import type { Page } from '../../src/admin/page.js';
import { describeOnDatabases } from '../support/databases.js';
import {
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
} from '../support/fake-upstream.js';
import { IdentityGateway } from '../support/identity-gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { until } from '../support/wait.js';

const ROUTE = '/v1/organization/usage/requests';
const PROMPT = 'a secret prompt';
const ID = /^[0-9a-f]{24}$/;

describeOnDatabases('the requests of the usage', (newDatabase) => {
  const clock = new ManualClock();
  let upstream: FakeUpstream;
  let gateway: IdentityGateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(replyJson(completion('Hello')));
    gateway = await IdentityGateway.start(await newDatabase(), upstream, clock, { routing: { maxAttempts: 1 } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const list = (query = ''): Promise<Page<UsageRequestDto>> => gateway.json('GET', `${ROUTE}?${query}`);

  const modelsOf = async (query: string): Promise<string[]> => (await list(query)).data.map(({ model }) => model);

  /** One a second: whole, refused by the engine, a stream, a stream that breaks, failed by the engine. */
  const makeFive = async (): Promise<void> => {
    const complete = async (body: object): Promise<void> => {
      clock.advance(1_000);
      const answer = await gateway.complete(gateway.keys.apiKey, { prompt: PROMPT, ...body });
      await answer.text().catch(() => undefined);
    };
    await complete({ model: 'whole', user: 'ann' });
    upstream.onCompletion(replyJson({ error: { message: 'no' } }, 400));
    await complete({ model: 'refused' });
    upstream.onCompletion(replyEvents(chunk(' a'), chunk(' b', 'stop'), '[DONE]'));
    await complete({ model: 'stream', stream: true });
    upstream.onCompletion(breakAfter(events(chunk(' a'))));
    await complete({ model: 'broken', stream: true });
    upstream.onCompletion(replyJson({ error: { message: 'no' } }, 500));
    await complete({ model: 'failed' });
    await until(
      'the rows',
      async () => (await list()).data.length === 5,
      () => clock.advance(1_000),
    );
  };

  it('are listed, the latest first, with who and how much, and never a prompt', async () => {
    await makeFive();
    const page = await list();
    expect(page.data.map(({ model }) => model)).toEqual(['failed', 'broken', 'stream', 'refused', 'whole']);
    expect(page).toMatchObject({ object: 'list', has_more: false, first_id: page.data[0]?.id });
    expect(page.data[4]).toEqual({
      object: 'organization.usage.request',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      request_id: expect.any(String),
      started_at: expect.any(Number),
      api_key_id: expect.stringMatching(ID),
      api_key_name: 'first',
      project_id: expect.stringMatching(ID),
      user_id: 'ann',
      model: 'whole',
      upstream: 'fake',
      status: 200,
      error_code: null,
      stream: false,
      input_tokens: 2,
      output_tokens: 3,
      input_cached_tokens: 0,
      usage_source: 'upstream',
      duration_ms: expect.any(Number),
      first_token_ms: null,
      attempts: 1,
      resumes: 0,
    });
    expect(page.data[1]).toMatchObject({ status: 200, error_code: expect.any(String), usage_source: 'estimated' });
    expect(page.data[2]).toMatchObject({ stream: true, error_code: null, first_token_ms: expect.any(Number) });
    expect(page.data[0]?.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(page)).not.toContain(PROMPT);
  });

  it('are listed page by page, in both orders, and from a start time on', async () => {
    await makeFive();
    const { data, last_id: after, has_more: isMore } = await list('limit=2');
    expect([data.map(({ model }) => model), isMore]).toEqual([['failed', 'broken'], true]);
    expect(await modelsOf(`limit=2&after=${after}`)).toEqual(['stream', 'refused']);
    expect(await modelsOf(`limit=2&order=asc`)).toEqual(['whole', 'refused']);
    expect(await modelsOf(`start_time=${data[1]?.started_at}`)).toEqual(['failed', 'broken']);
    expect(await modelsOf(`start_time=${Math.floor(clock.now() / 1000) + 60}`)).toEqual([]);
  });

  it('are filtered by model, key, project, user, upstream and status', async () => {
    await makeFive();
    const [first] = (await list()).data;
    expect(await modelsOf('models[]=whole&models[]=broken')).toEqual(['broken', 'whole']);
    expect(await modelsOf('user_ids[]=ann')).toEqual(['whole']);
    expect(await modelsOf(`api_key_ids[]=${first?.api_key_id}&project_ids[]=${first?.project_id}&limit=1`)).toEqual([
      'failed',
    ]);
    expect(await modelsOf('api_key_ids[]=another')).toEqual([]);
    expect(await modelsOf('upstreams[]=another')).toEqual([]);
    expect(await modelsOf('upstreams[]=fake&status=2xx')).toEqual(['broken', 'stream', 'whole']);
    expect(await modelsOf('status=4xx')).toEqual(['refused']);
    expect(await modelsOf('status=5xx')).toEqual(['failed']);
    expect(await modelsOf('status=error')).toEqual(['failed', 'broken', 'refused']);
  });

  it('are shown to administrators of their own organization only', async () => {
    await makeFive();
    const { id } = await gateway.json<{ id: string }>('POST', '/admin/organization', { name: 'other' });
    const other = { 'openai-organization': id };
    expect(await gateway.json('GET', ROUTE, undefined, other)).toMatchObject({ data: [] });
    const body = { name: 'theirs' };
    const theirs = await gateway.json<{ value: string }>('POST', '/v1/organization/admin_api_keys', body, other);
    expect(await (await gateway.request('GET', ROUTE, theirs.value)).json()).toMatchObject({ data: [] });
  });

  it.each(['status=3xx', 'start_time=1.5', 'start_time=281474976711', 'limit=101'])(
    'are not listed with %s',
    async (query) => {
      const answer = await gateway.request('GET', `${ROUTE}?${query}`, gateway.keys.adminKey);
      expect([answer.status, await answer.json()]).toMatchObject([422, { error: { param: query.split('=')[0] } }]);
    },
  );
});
