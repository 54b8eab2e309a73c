import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { importSPKI, type JWK, SignJWT } from 'jose';
import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { FakeUpstream } from '../support/fake-upstream.js';
import { errorOf, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { OpenIdProvider } from '../support/openid-provider.js';
import { until } from '../support/wait.js';

const AUDIENCE = 'completions';
const BODY = { model: 'test-model', prompt: 'Hi' };

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('tokens of an OpenID provider', () => {
  let upstream: FakeUpstream;
  let provider: OpenIdProvider;
  let clock: ManualClock;
  let claims: object;
  let gateway: Gateway;

  beforeEach(async () => {
    // The provider warns that it keeps what it knows in memory.
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    upstream = await FakeUpstream.start();
    claims = { organization: 'acme', project: 'search' };
    provider = await OpenIdProvider.start(() => claims);
    clock = new ManualClock(Date.now());
    await start();
  });

  afterEach(async () => {
    await gateway.stop();
    await provider.stop();
    await upstream.stop();
    jest.restoreAllMocks();
  });

  const start = async (jwt: object = {}): Promise<void> => {
    const auth = { jwt: { issuer: provider.issuer, audience: AUDIENCE, ...jwt } };
    gateway = await Gateway.inFrontOf(upstream, { clock, config: { auth } });
  };

  const restart = async (jwt: object): Promise<void> => {
    await gateway.stop();
    await start(jwt);
  };

  const ask = (token: string, headers: Record<string, string> = {}, body: object = BODY): Promise<Response> =>
    gateway.complete(body, { headers: { ...headers, authorization: `Bearer ${token}` } });

  const refusalOf = async (token: string): Promise<string> => {
    const answer = await ask(token);
    const { error } = await errorOf(answer);
    return `${answer.status} ${error.code}: ${error.message}`;
  };

  it('are callers, for the organization and the project that they name, beside API keys', async () => {
    const token = await provider.token(AUDIENCE);
    expect((await ask(token)).status).toBe(200);
    const [line] = await gateway.accessLog(1);
    expect(line).toMatchObject({ keyId: expect.stringMatching(/^jwt:/), organization: 'acme', project: 'search' });
    expect((await ask(token, { 'openai-project': 'other' })).status).toBe(401);
    expect((await gateway.complete(BODY)).status).toBe(200);
  });

  it('are asked about once a minute, and not for each request', async () => {
    const token = await provider.token(AUDIENCE);
    await ask(token);
    const { keyRequests } = provider;
    for (let sent = 0; sent < 10; sent++) expect((await ask(token)).status).toBe(200);
    expect(provider.keyRequests).toBe(keyRequests);
  });

  it('may use the models that they name', async () => {
    claims = { organization: 'acme', models: ['test-model'] };
    const token = await provider.token(AUDIENCE);
    expect((await ask(token)).status).toBe(200);
    expect((await ask(token, {}, { ...BODY, model: 'another' })).status).toBe(404);
  });

  it('stand for groups, where the configuration maps them', async () => {
    await restart({
      groupsClaim: 'realm.roles',
      groups: [
        { group: 'ml', organization: 'acme', project: 'search', models: ['test-model'] },
        { group: 'ops', organization: 'acme' },
      ],
    });
    claims = { realm: { roles: ['everybody', 'ml'] }, organization: 'made-up' };
    const token = await provider.token(AUDIENCE);
    expect((await ask(token, { 'openai-organization': 'acme', 'openai-project': 'search' })).status).toBe(200);
    expect((await ask(token, { 'openai-organization': 'made-up' })).status).toBe(401);
    claims = { realm: { roles: ['everybody'] } };
    expect(await refusalOf(await provider.token(AUDIENCE))).toMatch(/^401 invalid_api_key: .*no organization or group/);
  });

  it('are refused for another audience, and when they have expired, but for the tolerance', async () => {
    expect(await refusalOf(await provider.token('another'))).toMatch(/^401 invalid_api_key: .*audience/);
    const token = await provider.token(AUDIENCE);
    clock.advance(310_000);
    expect((await ask(token)).status).toBe(200);
    clock.advance(60_000);
    expect(await refusalOf(token)).toMatch(/^401 invalid_api_key: .*exp/);
  });

  it('are refused without a signature, with one of the public key, and by another issuer', async () => {
    const token = await provider.token(AUDIENCE);
    const [head = '', payload = '', signature = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const unsigned = `${encode({ alg: 'none', kid })}.${payload}.`;
    expect(await refusalOf(unsigned)).toMatch(/^401 invalid_api_key/);
    const { keys } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: [JWK] };
    const pem = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    expect(await importSPKI(String(pem), 'RS256')).toBeDefined();
    const content = `${encode({ alg: 'HS256', kid })}.${payload}`;
    const mac = createHmac('sha256', pem).update(content).digest('base64url');
    expect(await refusalOf(`${content}.${mac}`)).toMatch(/^401 invalid_api_key/);
    const changed = encode({
      ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object),
      organization: 'x',
    });
    expect(await refusalOf(`${head}.${changed}.${signature}`)).toMatch(/^401 invalid_api_key/);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const strange = await new SignJWT({ organization: 'acme' })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer(provider.issuer)
      .setAudience(AUDIENCE)
      .setExpirationTime('5m')
      .sign(privateKey);
    expect(await refusalOf(strange)).toMatch(/^401 invalid_api_key/);
    const withoutEnd = await new SignJWT({ organization: 'acme' })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer('http://127.0.0.1:9')
      .sign(privateKey);
    expect(await refusalOf(withoutEnd)).toMatch(/^401 invalid_api_key/);
  });

  it('are taken with a key that is new, and unknown keys ask for the set at most every 30 s', async () => {
    expect((await ask(await provider.token(AUDIENCE))).status).toBe(200);
    await provider.rotate();
    const rotated = await provider.token(AUDIENCE);
    expect(await refusalOf(rotated)).toMatch(/^401 invalid_api_key: .*unknown key/);
    clock.advance(30_000);
    expect((await ask(rotated)).status).toBe(200);
    const { keyRequests } = provider;
    const unknown = `${encode({ alg: 'RS256', kid: 'unknown' })}.${rotated.split('.')[1] ?? ''}.AAAA`;
    for (let sent = 0; sent < 5; sent++) expect((await ask(unknown)).status).toBe(401);
    expect(provider.keyRequests).toBe(keyRequests);
  });

  it('go on while the issuer is down; without its keys ever seen they are told to come again', async () => {
    const token = await provider.token(AUDIENCE);
    const later = await provider.token(AUDIENCE);
    expect((await ask(token)).status).toBe(200);
    provider.isDown = true;
    clock.advance(90_000);
    expect([(await ask(token)).status, (await ask(later)).status]).toEqual([200, 200]);
    await restart({});
    const answer = await ask(token);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await gateway.complete(BODY)).status).toBe(200);
    provider.isDown = false;
    await until('the keys to be fetched', async () => {
      clock.advance(30_000);
      return (await ask(await provider.token(AUDIENCE))).status === 200;
    });
  });
});
