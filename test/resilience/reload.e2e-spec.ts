import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { completion, FakeUpstream, HELD_STREAM, holdStream, replyJson } from '../support/fake-upstream.js';
import { postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const APPLIED = 'the new configuration is in force';
const REFUSED = 'the new configuration is refused; the old one stays';

describe('a changed configuration', () => {
  let before: FakeUpstream;
  let after: FakeUpstream;
  let gateway: GatewayProcess;
  let url: string;

  beforeEach(async () => {
    before = await FakeUpstream.start(replyJson(completion('before')));
    after = await FakeUpstream.start(replyJson(completion('after')));
    gateway = GatewayProcess.spawn(configOf(before, 'old-key'), { API_KEYS: '' });
    url = await gateway.listening();
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all([before.stop(), after.stop()]);
  });

  function configOf(upstream: FakeUpstream, key: string): object {
    return {
      upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl }],
      apiKeys: [{ id: key, hash: hashApiKey(key) }],
    };
  }

  function complete(key: string, fields: object = {}): Promise<Response> {
    return postCompletion(url, { ...REQUEST, ...fields }, { headers: { authorization: `Bearer ${key}` } });
  }

  function change(config: object | string): void {
    writeFileSync(gateway.configFile, typeof config === 'string' ? config : stringify(config));
  }

  it('is taken on SIGHUP: new requests go to the new upstream with the new key, and a stream goes on', async () => {
    const { behaviour, release } = holdStream();
    before.onCompletion(behaviour);
    const stream = await complete('old-key', { stream: true });
    change(configOf(after, 'new-key'));
    gateway.kill('SIGHUP');
    await gateway.logged(({ msg }) => msg === APPLIED);

    expect((await complete('old-key')).status).toBe(401);
    expect(await (await complete('new-key')).json()).toEqual(completion('after'));
    release();
    expect(await stream.text()).toBe(HELD_STREAM);
    expect(before.requests).toHaveLength(1);
  });

  it('is taken when the file changes', async () => {
    change(configOf(after, 'new-key'));
    await gateway.logged(({ msg }) => msg === APPLIED);
    expect(await (await complete('new-key')).json()).toEqual(completion('after'));
  });

  it.each([
    ['is no YAML', '{', /YAML|flow/i],
    ['has a wrong option', 'upstreams: [{ name: a, baseUrl: nowhere }]', /upstreams\[0\]\.baseUrl/],
    [
      'has a model that no library expects',
      'upstreams: [{ name: a, baseUrl: "http://a/v1", models: { constructor: a } }]',
      /understood|constructor/,
    ],
    ['has an alias within itself', 'a: &x [*x]', /understood|alias|no such option/i],
    ['has a base URL without a valid host', 'upstreams: [{ name: a, baseUrl: "http://0x100000000/v1" }]', /parsed/],
    ['has no keys', 'upstreams: [{ name: a, baseUrl: "http://127.0.0.1:1/v1" }]', /apiKeys/],
    ['would start the embedded engine', stringify({ apiKeys: [{ id: 'a', hash: hashApiKey('a') }] }), /restart/],
  ])('is refused and logged when it %s, and the old one stays', async (_, config, problem) => {
    change(config);
    gateway.kill('SIGHUP');
    const line = await gateway.logged(({ msg }) => msg === REFUSED);
    expect(JSON.stringify(line.problems)).toMatch(problem);
    expect(await (await complete('old-key')).json()).toEqual(completion('before'));
  });

  it('names the sections that take a restart', async () => {
    change({ ...configOf(after, 'new-key'), server: { bodyLimitBytes: 1 } });
    gateway.kill('SIGHUP');
    const line = await gateway.logged(({ msg }) => msg === 'these sections change with the next start');
    expect(line.sections).toEqual(['server']);
    expect((await complete('new-key')).status).toBe(200);
  });
});
