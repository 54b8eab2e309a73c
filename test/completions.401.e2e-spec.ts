import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request } from 'node:http';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const KEYS = [
  { id: 'free', hash: hashApiKey('free-key') },
  { id: 'organization', hash: hashApiKey('organization-key'), organization: 'org-1' },
  { id: 'project', hash: hashApiKey('project-key'), organization: 'org-1', project: 'project-1' },
  { id: 'lone-project', hash: hashApiKey('lone-project-key'), project: 'project-1' },
];

describe('POST /v1/completions', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { apiKeys: KEYS }, upstream: { forwardTenant: true } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  async function expect401(response: Response, code: string, message: string): Promise<void> {
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    expect(await errorOf(response)).toEqual({
      detail: message,
      error: { message, type: 'authentication_error', param: null, code },
    });
    expect(upstream.requests).toEqual([]);
  }

  it('answers 401 `missing_api_key` without a key', async () => {
    const response = await fetch(`${gateway.url}/v1/completions`, { method: 'POST', body: JSON.stringify(REQUEST) });
    await expect401(response, 'missing_api_key', 'Send your API key in the header `Authorization: Bearer <key>`.');
  });

  it.each([
    ['an unknown key', 'Bearer free-kex'],
    ['the hash of a key', `Bearer ${hashApiKey('free-key')}`],
    ['a key in other letters', 'Bearer FREE-KEY'],
    ['the beginning of a key', 'Bearer free-ke'],
    ['a key and more', 'Bearer free-key x'],
    ['no token', 'Bearer '],
    ['no scheme', 'free-key'],
    ['another scheme', 'Basic ZnJlZS1rZXk6'],
    ['nothing', ''],
    ['a property of every object', 'Bearer constructor'],
  ])('answers 401 `invalid_api_key` to %s', async (_, authorization) => {
    await expect401(
      await gateway.complete(REQUEST, { headers: { authorization } }),
      'invalid_api_key',
      'The API key is not valid.',
    );
  });

  it.each(['Bearer free-key', 'bearer free-key', 'BEARER  free-key  '])('lets in %j', async (authorization) => {
    expect((await gateway.complete(REQUEST, { headers: { authorization } })).status).toBe(200);
  });

  it("answers 401, not 422 or 415, to a stranger's bad request", async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }]) {
      const response = await gateway.complete('{', { headers: { authorization: 'Bearer x', ...headers } });
      await expect401(response, 'invalid_api_key', 'The API key is not valid.');
    }
  });

  it("answers 401 to a stranger's 10 MB before they are sent", async () => {
    const stranger = request(`${gateway.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 10_485_760 },
    });
    // Of the announced body only the first byte is sent.
    stranger.write('{');
    const [response] = (await once(stranger, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(401);
    stranger.destroy();
  });

  const organization = 'mismatched_organization';
  const project = 'mismatched_project';
  const messages = {
    [organization]: 'OpenAI-Organization does not match the organization of the API key.',
    [project]: 'OpenAI-Project is not a project that the API key may act for.',
  };

  it.each([
    { key: 'organization-key', claimed: { 'openai-organization': 'org-2' }, code: organization },
    { key: 'organization-key', claimed: { 'openai-organization': 'ORG-1' }, code: organization },
    { key: 'organization-key', claimed: { 'openai-organization': 'org-2', 'openai-project': 'p' }, code: organization },
    { key: 'project-key', claimed: { 'openai-organization': 'org-2' }, code: organization },
    { key: 'project-key', claimed: { 'openai-project': 'project-2' }, code: project },
    { key: 'project-key', claimed: { 'openai-organization': 'org-1', 'openai-project': 'project-2' }, code: project },
    { key: 'lone-project-key', claimed: { 'openai-organization': 'org-1' }, code: organization },
    { key: 'free-key', claimed: { 'openai-organization': 'org-1' }, code: organization },
    { key: 'free-key', claimed: { 'openai-project': 'project-1' }, code: project },
  ] as const)('answers 401 `$code` to $key with $claimed', async ({ key, claimed, code }) => {
    const response = await gateway.complete(REQUEST, { headers: { authorization: `Bearer ${key}`, ...claimed } });
    await expect401(response, code, messages[code]);
  });

  it.each([
    { key: 'free-key', claimed: {}, forwarded: {} },
    { key: 'free-key', claimed: { 'openai-organization': '', 'openai-project': '' }, forwarded: {} },
    { key: 'organization-key', claimed: {}, forwarded: { organization: 'org-1' } },
    {
      key: 'organization-key',
      claimed: { 'openai-organization': 'org-1', 'openai-project': 'any' },
      forwarded: { organization: 'org-1', project: 'any' },
    },
    { key: 'project-key', claimed: {}, forwarded: { organization: 'org-1', project: 'project-1' } },
    {
      key: 'project-key',
      claimed: { 'openai-organization': 'org-1', 'openai-project': 'project-1' },
      forwarded: { organization: 'org-1', project: 'project-1' },
    },
    { key: 'lone-project-key', claimed: { 'openai-project': 'project-1' }, forwarded: { project: 'project-1' } },
  ])('forwards the tenant of $key with $claimed, and logs it: $forwarded', async ({ key, claimed, forwarded }) => {
    const response = await gateway.complete(REQUEST, { headers: { authorization: `Bearer ${key}`, ...claimed } });
    expect(response.status).toBe(200);
    const tenant = { organization: undefined, project: undefined, ...forwarded };
    const { headers } = upstream.lastRequest;
    expect({ organization: headers['openai-organization'], project: headers['openai-project'] }).toEqual(tenant);
    const [line] = await gateway.accessLog();
    expect({ organization: line?.organization, project: line?.project }).toEqual(tenant);
  });

  it('forwards no tenant without `forwardTenant`', async () => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(upstream, { config: { apiKeys: KEYS } });
    const headers = { authorization: 'Bearer project-key', 'openai-project': 'project-1' };
    expect((await gateway.complete(REQUEST, { headers })).status).toBe(200);
    const sent = Object.keys(upstream.lastRequest.headers);
    expect(sent.filter((name) => name.startsWith('openai-') || name === 'authorization')).toEqual([]);
  });
});
