import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeFirstKeys } from '../src/admin/first-keys.js';
import { systemClock } from '../src/common/clock.js';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { ConfiguredKeys } from '../src/auth/configured-keys.js';
import type { ApiKeyConfig, GatewayConfig } from '../src/config/config.js';
import { storageOn } from './support/databases.js';
import { type Finished, runCli } from './support/programs.js';

/** What `npm run key` runs. */
const createKey = (...args: string[]): Promise<Finished> => runCli('key.js', args, { DATABASE: 'none' });

/** The key, and the entry as YAML reads it under `apiKeys`. */
function read(stdout: string): { key: string; apiKeys: ApiKeyConfig[] } {
  const [, key = '', entry = ''] = /^ {2}(df\S+)$[^]*gateway\.yaml:\n\n([^]*)$/m.exec(stdout) ?? [];
  return { key, ...(parse(`apiKeys:\n${entry}`) as { apiKeys: ApiKeyConfig[] }) };
}

describe('npm run key, with a database', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'data-'));
  const database = { database: 'embedded', dataDir };
  const createStoredKey = (...args: string[]): Promise<Finished> =>
    runCli('key.js', args, { DATABASE: 'embedded', DATA_DIR: dataDir });

  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('stores the key that it prints, once a gateway has been started', async () => {
    const early = await createStoredKey('--admin');
    expect([early.code, early.stderr]).toEqual([1, 'There is no organization yet: start the gateway once.\n']);
    const storage = await storageOn(database);
    await storage.migrate();
    await makeFirstKeys(storage, systemClock);
    await storage.close();
    const { code, stdout } = await createStoredKey('--admin', '--id', 'operator');
    const [key = ''] = /dfadmin_[\w-]{43}/.exec(stdout) ?? [];
    expect([code, key.length, stdout.includes('gateway.yaml')]).toEqual([0, 51, false]);
    const again = await storageOn(database);
    const rows = await again.read((db) =>
      db
        .selectFrom('api_keys')
        .select(['name', 'kind', 'is_instance_admin'])
        .where('hash', '=', hashApiKey(key))
        .execute(),
    );
    await again.close();
    expect(rows).toEqual([{ name: 'operator', kind: 'admin', is_instance_admin: 1 }]);
  });
});

describe('npm run key', () => {
  it('prints a project key, and an entry of the configuration that lets it in', async () => {
    const args = ['--id', 'team', '--organization', '5e7', '--project', '00123', '--model', 'a:b', '--model', 'c'];
    const { code, stdout, stderr } = await createKey(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { key, apiKeys } = read(stdout);
    expect(key).toMatch(/^dfproj_[\w-]{43}$/);
    const [{ hash, ...entry }] = apiKeys as [ApiKeyConfig];
    expect(entry).toEqual({ id: 'team', organization: '5e7', project: '00123', models: ['a:b', 'c'] });
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    const claimed = { organization: undefined, project: undefined };
    const caller = new ConfiguredKeys({ apiKeys } as GatewayConfig).authenticate(key, claimed);
    expect(caller).toMatchObject({ keyId: 'team', organization: '5e7', project: '00123', administers: false });
    expect(caller?.models).toEqual(new Set(['a:b', 'c']));
  });

  it('prints an organization key when no project is given, and the key itself only once', async () => {
    const { stdout } = await createKey('--organization', 'org');
    const { key, apiKeys } = read(stdout);
    expect(key).toMatch(/^dforg_[\w-]{43}$/);
    expect(apiKeys).toEqual([{ id: 'key-1', hash: expect.any(String), organization: 'org' }]);
    expect(stdout.split(key)).toHaveLength(2);
  });

  it('shows its usage after a wrong option, and with --help', async () => {
    const { code, stdout, stderr } = await createKey('--projekt', 'x');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("Unknown option '--projekt'");
    expect(stderr).toContain('usage: npm run key');
    expect((await createKey('--help')).stdout).toContain('usage: npm run key');
  });
});
