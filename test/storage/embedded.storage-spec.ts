import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import type { Storage } from '../../src/storage/storage.js';
import { dataDirs, openStorages } from '../support/databases.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { SEED } from '../support/seed.js';
import { seededRandom } from '../support/seeded-random.js';
import { until, within } from '../support/wait.js';

/** 200 by hand: `KILLS=200 npm test -- test/storage/embedded`. */
const KILLS = Number(process.env.KILLS ?? 20);

const keyIn = (banner: string, prefix: string): string => new RegExp(`${prefix}[\\w-]{43}`).exec(banner)?.[0] ?? '';

async function statusOf(url: string, path: string, key: string, body?: object): Promise<number> {
  const answer = await fetch(url + path, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' },
    ...(body && { body: JSON.stringify(body) }),
  });
  await answer.text();
  return answer.status;
}

describe('the embedded database', () => {
  const processes: GatewayProcess[] = [];
  const newFolder = dataDirs();
  const storages = openStorages();

  afterEach(async () => {
    for (const gateway of processes.splice(0)) await gateway.stop();
  });

  const spawnGateway = (dataDir: string, env: Record<string, string> = {}): GatewayProcess => {
    const upstreams = [{ name: 'none', baseUrl: 'http://127.0.0.1:9/v1', models: ['m'] }];
    const gateway = GatewayProcess.spawn({ database: 'embedded', dataDir, upstreams }, { API_KEYS: '', ...env });
    processes.push(gateway);
    return gateway;
  };

  const open = async (dataDir: string): Promise<Storage> => {
    const storage = await storages.open({ database: 'embedded', dataDir });
    await storage.migrate();
    return storage;
  };

  it('begins with keys that are shown once and survive a restart', async () => {
    const dataDir = newFolder();
    const first = spawnGateway(dataDir);
    await first.listening();
    const [apiKey, adminKey] = [keyIn(first.banner, 'dfproj_'), keyIn(first.banner, 'dfadmin_')];
    first.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ exitCode: 0 });
    const second = spawnGateway(dataDir);
    const url = await second.listening();
    expect([keyIn(second.banner, 'dfproj_'), keyIn(second.banner, 'dfadmin_')]).toEqual(['', '']);
    expect(await statusOf(url, '/v1/models', apiKey)).toBe(200);
    expect(await statusOf(url, '/v1/organization/projects', adminKey)).toBe(200);
  });

  it('is refused to a second gateway, in a sentence', async () => {
    const dataDir = newFolder();
    await spawnGateway(dataDir).listening();
    const { exitCode, stderr } = await spawnGateway(dataDir).ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('another gateway uses this database');
    expect(stderr).not.toContain(' at ');
  });

  it('begins without keys in production, and says what is missing', async () => {
    const { exitCode, stderr } = await spawnGateway(newFolder(), { NODE_ENV: 'production' }).ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain('ADMIN_API_KEYS');
    const gateway = spawnGateway(newFolder(), { NODE_ENV: 'production', ADMIN_API_KEYS: 'a-key-of-the-operator' });
    const url = await gateway.listening();
    expect(keyIn(gateway.banner, 'dfproj_')).toBe('');
    expect(await statusOf(url, '/admin/organization', 'a-key-of-the-operator', { name: 'first' })).toBe(200);
  });

  it('is shared by all workers: each knows a new key, and refuses a revoked one', async () => {
    const gateway = spawnGateway(newFolder(), { WORKERS: '2' });
    const url = await gateway.listening();
    const adminKey = keyIn(gateway.banner, 'dfadmin_');
    const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
      const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/v1/organization${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
      return (await answer.json()) as Record<string, unknown>;
    };
    const { id: project } = await ask('POST', '/projects', { name: 'team' });
    const { id, value } = await ask('POST', `/projects/${String(project)}/api_keys`, { name: 'key' });
    const statuses = (): Promise<number[]> =>
      Promise.all(Array.from({ length: 12 }, () => statusOf(url, '/v1/models', String(value))));
    await until('both workers to know the key', async () => (await statuses()).every((status) => status === 200));
    expect(await ask('DELETE', `/projects/${String(project)}/api_keys/${String(id)}`)).toMatchObject({
      deleted: true,
    });
    await until('both workers to refuse it', async () => (await statuses()).every((status) => status === 401));
  });

  it(`has lost nothing that was acknowledged, killed ${KILLS} times while it writes`, async () => {
    const dataDir = newFolder();
    const random = seededRandom(SEED);
    const acknowledged = new Set<string>();
    for (let round = 0; round < KILLS; round++) {
      const writer = spawn(process.execPath, ['test/support/write-organizations.mjs', dataDir, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(writer, 'exit');
      const wanted = 1 + Math.floor(random() * 30);
      let lines = 0;
      let rest = '';
      for await (const piece of writer.stdout) {
        const pieces = (rest + String(piece)).split('\n');
        rest = pieces.pop() ?? '';
        for (const id of pieces) acknowledged.add(id);
        lines += pieces.length;
        if (lines >= wanted) writer.kill('SIGKILL');
      }
      await within('the writer to end', exited);
    }
    const storage = await open(dataDir);
    const rows = await storage.read((db) => db.selectFrom('organizations').select('id').execute());
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.size).toBeGreaterThanOrEqual(KILLS);
    expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([]);
  }, 180_000);

  it('says that its disk is full, writes no change by halves, and goes on when there is room', async () => {
    const storage = await open(newFolder());
    const limitPages = (count: number): Promise<unknown> =>
      storage.read((db) => db.executeQuery(CompiledQuery.raw(`pragma max_page_count = ${count}`)));
    const insert = (id: string): Promise<unknown> =>
      storage.write(async (trx, revision) => {
        for (const part of ['a', 'b']) {
          const name = 'x'.repeat(20_000);
          const row = { id: id + part, name, created_at: 1, archived_at: null, revision };
          await trx.insertInto('organizations').values(row).execute();
        }
      });
    await limitPages(60);
    const outcomes = await Promise.allSettled(['1', '2', '3', '4', '5', '6'].map(insert));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ status: 503, message: expect.stringContaining('disk') });
    const count = await storage.read((db) => db.selectFrom('organizations').select('id').execute());
    expect(count).toHaveLength(2 * (6 - refused.length));
    await limitPages(10_000);
    await insert('7');
  });

  it('names DATA_DIR when its folder cannot be made', async () => {
    await expect(open(join(newFolder(), 'file\0'))).rejects.toThrow(/DATA_DIR/);
  });
});
