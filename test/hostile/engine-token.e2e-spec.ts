import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { EngineProcess } from '../support/engine-process.js';
import { ADMIN, API_KEY, AS_ADMIN, postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';

const BODY = JSON.stringify({ model: 'storyteller', prompt: 'Once', max_tokens: 2 });
const JSON_TYPE = { 'content-type': 'application/json' };

/** Every route of the engine, and one that it does not have. */
const ROUTES = [
  ['POST', '/v1/completions'],
  ['GET', '/v1/models'],
  ['GET', '/v1/models/storyteller'],
  ['GET', '/health'],
  ['GET', '/nowhere'],
] as const;

async function refusalsOf(port: unknown, headers: Record<string, string>): Promise<[number, unknown][]> {
  const answers = ROUTES.map(async ([method, path]): Promise<[number, unknown]> => {
    const body = method === 'POST' ? { body: BODY } : {};
    const url = `http://127.0.0.1:${String(port)}${path}`;
    const response = await fetch(url, { method, headers: { ...JSON_TYPE, ...headers }, ...body });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    return [response.status, ((await response.json()) as { error: { code: unknown } }).error.code];
  });
  return Promise.all(answers);
}

const all = (code: string): [number, string][] => ROUTES.map(() => [401, code]);

describe.each([1, 2])('the embedded engine of a gateway with %d process(es)', (workers) => {
  let gateway: GatewayProcess;

  afterEach(() => gateway.stop());

  it('serves its gateway, also after a restart, and refuses every other process on the machine', async () => {
    gateway = GatewayProcess.spawn({ apiKeys: [ADMIN], log: { level: 'debug' } }, { WORKERS: String(workers) });
    const url = await gateway.listening();
    const complete = async (): Promise<number> => {
      return (await postCompletion(url, BODY, { headers: { connection: 'close' } })).status;
    };
    const isReady = ({ msg }: Record<string, unknown>): boolean => msg === 'the embedded engine is ready';
    const first = await gateway.logged(isReady);
    for (let i = 0; i < workers; i++) expect(await complete()).toBe(200);
    expect(await refusalsOf(first.port, {})).toEqual(all('missing_api_key'));
    expect(await refusalsOf(first.port, { authorization: `Bearer ${API_KEY}` })).toEqual(all('invalid_api_key'));
    expect(await refusalsOf(first.port, { authorization: 'Basic YTpi' })).toEqual(all('invalid_api_key'));

    process.kill(Number(first.pid), 'SIGKILL');
    const next = await gateway.logged((line) => isReady(line) && line.pid !== first.pid);
    for (let i = 0; i < workers; i++) expect(await complete()).toBe(200);
    expect(await refusalsOf(next.port, {})).toEqual(all('missing_api_key'));

    const told = await Promise.all(
      ['/readyz', '/health', '/livez', '/metrics'].map(async (path) => {
        return (await fetch(url + path, { headers: AS_ADMIN })).text();
      }),
    );
    const token = tokenOf(next.pid);
    expect([...told, gateway.stdout, gateway.banner].join('')).not.toContain(token);
    expect(commandLineOf(next.pid)).not.toContain(token);
  });
});

describe('an engine that is started by hand', () => {
  it('serves every client, but with ENGINE_TOKEN only those that send it', async () => {
    const open = await EngineProcess.start({ ENGINE_TOKEN: '' });
    const closed = await EngineProcess.start({ ENGINE_TOKEN: 'secret' });
    try {
      expect((await open.post({ prompt: 'Once', max_tokens: 1 })).status).toBe(200);
      expect(await refusalsOf(closed.port, {})).toEqual(all('missing_api_key'));
      expect(await refusalsOf(closed.port, { authorization: 'Bearer secre' })).toEqual(all('invalid_api_key'));
      const headers = { authorization: 'Bearer secret', ...JSON_TYPE };
      const answer = await fetch(`${closed.baseUrl}/completions`, { method: 'POST', headers, body: BODY });
      expect(answer.status).toBe(200);
    } finally {
      await Promise.all([open.stop(), closed.stop()]);
    }
  });
});

/** Where the system shows it, what the engine was given; else a text that is nowhere. */
function tokenOf(pid: unknown): string {
  const file = `/proc/${String(pid)}/environ`;
  if (!existsSync(file)) return 'not shown by this system';
  const token = /(?:^|\0)ENGINE_TOKEN=([^\0]+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  expect(token).toMatch(/^[\w-]{43}$/);
  return token;
}

function commandLineOf(pid: unknown): string {
  const file = `/proc/${String(pid)}/cmdline`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
