import { afterEach, beforeEach, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { systemClock } from '../../src/common/clock.js';
import { FakeUpstream, holdStream } from '../support/fake-upstream.js';
import { ManualClock } from '../support/manual-clock.js';
import { describeOnDatabases } from '../support/databases.js';
import { IdentityGateway } from '../support/identity-gateway.js';

describeOnDatabases('the administration API, through the openai package 7.57.0', (newDatabase) => {
  let upstream: FakeUpstream;
  let gateway: IdentityGateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await IdentityGateway.start(await newDatabase(), upstream, systemClock);
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const all = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
    const items: T[] = [];
    for await (const item of pages) items.push(item);
    return items;
  };

  it('creates, lists page by page, changes and archives projects', async () => {
    const { projects } = gateway.admin().admin.organization;
    const names = Array.from({ length: 23 }, (_, at) => `project ${at}`);
    for (const name of names) await projects.create({ name });
    const listed = await all(projects.list({ limit: 5 }));
    expect(listed.map(({ name }) => name).toSorted()).toEqual([...names, 'default'].toSorted());
    expect(new Set(listed.map(({ id }) => id)).size).toBe(24);
    const [first] = listed;
    const id = first?.id ?? '';
    expect(await projects.update(id, { name: 'renamed' })).toMatchObject({ name: 'renamed', status: 'active' });
    expect(await projects.archive(id)).toMatchObject({ id, status: 'archived', archived_at: expect.any(Number) });
    expect((await all(projects.list())).some((project) => project.id === id)).toBe(false);
    expect((await all(projects.list({ include_archived: true }))).some((project) => project.id === id)).toBe(true);
  });

  it('gives a service account keys that complete, until it is deleted', async () => {
    const { projects } = gateway.admin().admin.organization;
    const { id: project } = await projects.create({ name: 'team' });
    const account = await projects.serviceAccounts.create(project, { name: 'robot' });
    const value = account.api_key?.value ?? '';
    expect(value).toMatch(/^dfproj_/);
    expect(await gateway.statusFor(value)).toBe(200);
    const second = await projects.serviceAccounts.apiKeys.create(account.id, { project_id: project, name: 'second' });
    expect(await gateway.statusFor(second.value)).toBe(200);
    const keys = await all(projects.apiKeys.list(project));
    expect(keys.map(({ name }) => name).toSorted()).toEqual(['robot', 'second']);
    expect(JSON.stringify(keys)).not.toContain(value);
    expect(keys[0]?.owner).toMatchObject({ type: 'service_account', service_account: { id: account.id } });
    await projects.serviceAccounts.delete(account.id, { project_id: project });
    expect([await gateway.statusFor(value), await gateway.statusFor(second.value)]).toEqual([401, 401]);
  });

  it('refuses a revoked key at once, and lets its running streams end', async () => {
    const { projects } = gateway.admin().admin.organization;
    const { id: project } = await projects.create({ name: 'team' });
    const { api_key: key } = await projects.serviceAccounts.create(project, { name: 'robot' });
    const { behaviour, release } = holdStream();
    upstream.onCompletion(behaviour);
    const answer = await gateway.complete(key?.value ?? '', { stream: true });
    const [listed] = await all(projects.apiKeys.list(project));
    expect(await projects.apiKeys.delete(listed?.id ?? '', { project_id: project })).toMatchObject({ deleted: true });
    expect(await gateway.statusFor(key?.value ?? '')).toBe(401);
    release();
    expect(await answer.text()).toContain('data: [DONE]');
  });

  it('limits the models of a project, by an allow list or a deny list', async () => {
    const { projects } = gateway.admin().admin.organization;
    const { id: project } = await projects.create({ name: 'team' });
    const { api_key: key } = await projects.serviceAccounts.create(project, { name: 'robot' });
    const statuses = async (): Promise<number[]> => [
      await gateway.statusFor(key?.value ?? '', 'one'),
      await gateway.statusFor(key?.value ?? '', 'two'),
    ];
    expect(await statuses()).toEqual([200, 200]);
    await projects.modelPermissions.update(project, { mode: 'allow_list', model_ids: ['one'] });
    expect(await statuses()).toEqual([200, 404]);
    await projects.modelPermissions.update(project, { mode: 'deny_list', model_ids: ['one'] });
    expect(await statuses()).toEqual([404, 200]);
    expect(await projects.modelPermissions.retrieve(project)).toMatchObject({ mode: 'deny_list', model_ids: ['one'] });
    await projects.modelPermissions.delete(project);
    expect(await statuses()).toEqual([200, 200]);
  });

  it('creates admin keys, which administer and do not complete, and revokes them', async () => {
    const { adminAPIKeys } = gateway.admin().admin.organization;
    const made = await adminAPIKeys.create({ name: 'second', expires_in_seconds: 3_600 });
    expect(made.value).toMatch(/^dfadmin_/);
    expect(await gateway.statusFor(made.value)).toBe(403);
    const second = gateway.admin(made.value).admin.organization;
    expect((await all(second.projects.list())).map(({ name }) => name)).toEqual(['default']);
    // The first is the whole gateway's: no administrator of an organization sees it.
    expect((await all(second.adminAPIKeys.list())).map(({ name }) => name)).toEqual(['second']);
    expect(await adminAPIKeys.retrieve(made.id)).toMatchObject({ name: 'second', expires_at: expect.any(Number) });
    await adminAPIKeys.delete(made.id);
    await expect(all(second.projects.list())).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it('keeps in the audit log who did what, when, and from where', async () => {
    const { projects, auditLogs } = gateway.admin().admin.organization;
    const { id } = await projects.create({ name: 'team' });
    await projects.update(id, { name: 'renamed' });
    const events = await all(auditLogs.list({ limit: 2 }));
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['project.updated', 'project.created']);
    expect((await auditLogs.list({}, { query: { limit: 2, order: 'asc' } })).data).toEqual(events.slice(0, 2));
    const created = events.find((event) => event.type === 'project.created' && event.project?.id === id);
    expect(created).toMatchObject({
      actor: { type: 'api_key', api_key: { id: expect.stringMatching(/^[0-9a-f]{24}$/) }, ip_address: '127.0.0.1' },
      'project.created': { id, data: { name: 'team' } },
    });
    const keyEvents = await all(auditLogs.list({ event_types: ['api_key.created'] }));
    expect(keyEvents).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain(gateway.keys.adminKey);
    const later = Math.floor(Date.now() / 1000) + 60;
    expect(await all(auditLogs.list({ effective_at: { gte: later } }))).toEqual([]);
  });

  it('keeps in the audit log who drained an upstream, and who took it back', async () => {
    for (const change of ['drain', 'undrain']) await gateway.json('POST', `/admin/upstreams/fake/${change}`);
    const { auditLogs } = gateway.admin().admin.organization;
    expect((await all(auditLogs.list({ limit: 2 }))).slice(0, 2)).toMatchObject([
      { type: 'upstream.undrained', actor: { type: 'api_key' }, 'upstream.undrained': { id: 'fake' } },
      { type: 'upstream.drained', 'upstream.drained': { id: 'fake' } },
    ]);
  });

  it('shows what the configuration has, read-only', async () => {
    await gateway.stop();
    const database = await newDatabase();
    const apiKeys = [
      { id: 'file-admin', hash: hashApiKey('file-admin-key'), admin: true },
      { id: 'file-team', hash: hashApiKey('file-team-key'), organization: 'acme', project: 'search' },
    ];
    gateway = await IdentityGateway.start(database, upstream, systemClock, { apiKeys });
    const organizations = await gateway.json<{ data: object[] }>('GET', '/admin/organization');
    expect(organizations.data).toContainEqual(expect.objectContaining({ id: 'acme', read_only: true }));
    await gateway.json('POST', '/admin/organization', { id: 'acme', name: 'Acme' });
    const asAcme = { 'openai-organization': 'acme' };
    const ask = (method: string, path: string, body?: object) =>
      gateway.request(method, `/v1/organization${path}`, 'file-admin-key', body, asAcme);
    const listOf = async (path: string): Promise<unknown> =>
      ((await (await ask('GET', path)).json()) as { data: unknown }).data;
    expect(await listOf('/projects')).toMatchObject([{ id: 'search', read_only: true }]);
    expect(await listOf('/projects/search/api_keys')).toMatchObject([{ id: 'file-team', read_only: true }]);
    expect(await listOf('/admin_api_keys')).toMatchObject([{ id: 'file-admin', read_only: true }]);
    for (const [method, path, body] of [
      ['POST', '/projects/search', { name: 'x' }],
      ['POST', '/projects/search/archive', undefined],
      ['POST', '/projects/search/api_keys', { name: 'x' }],
      ['DELETE', '/projects/search/api_keys/file-team', undefined],
      ['DELETE', '/admin_api_keys/file-admin', undefined],
    ] as const) {
      const answer = await ask(method, path, body);
      expect([method, path, answer.status, await answer.json()]).toMatchObject([
        method,
        path,
        400,
        { error: { code: 'read_only' } },
      ]);
    }
    expect(await gateway.statusFor('file-team-key')).toBe(200);
  });

  it('asks the database nothing for a completion, whether its key is known or not', async () => {
    await gateway.stop();
    // Its clock stands still: it does not look for changes.
    gateway = await IdentityGateway.start(await newDatabase(), upstream, new ManualClock());
    const { apiKey } = gateway.keys;
    const { queryCount } = gateway;
    for (const key of [apiKey, `dfproj_${'a'.repeat(43)}`, 'wrong']) await gateway.statusFor(key);
    expect(gateway.queryCount).toBe(queryCount);
  });

  it('refuses a bad body as completions do', async () => {
    const answer = await gateway.request('POST', '/v1/organization/projects', gateway.keys.adminKey, { name: 1, x: 2 });
    expect([answer.status, await answer.json()]).toMatchObject([
      422,
      {
        detail: expect.arrayContaining([
          { loc: ['body', 'x'], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' },
          { loc: ['body', 'name'], msg: 'Input should be a valid string', type: 'string_type' },
        ]),
      },
    ]);
  });

  it('shows an organization nothing of another, and changes nothing there', async () => {
    const { id: organization } = await gateway.json<{ id: string }>('POST', '/admin/organization', { name: 'other' });
    const theirs = await gateway.json<{ value: string }>(
      'POST',
      '/v1/organization/admin_api_keys',
      { name: 'theirs' },
      { 'openai-organization': organization },
    );
    const other = gateway.admin(theirs.value).admin.organization;
    expect(await all(other.projects.list())).toEqual([]);
    const [project] = await all(gateway.admin().admin.organization.projects.list());
    const id = project?.id ?? '';
    await expect(other.projects.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(other.projects.update(id, { name: 'taken' })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(other.projects.archive(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(other.projects.serviceAccounts.create(id, { name: 'x' })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(all(other.projects.apiKeys.list(id))).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect(await all(other.auditLogs.list({ event_types: ['project.created'] }))).toEqual([]);
    const asOthers = await gateway.request('GET', '/v1/organization/projects', theirs.value, undefined, {
      'openai-organization': project?.id ?? '',
    });
    expect(asOthers.status).toBe(401);
    expect((await gateway.request('GET', '/admin/organization', theirs.value)).status).toBe(403);
  });
});
