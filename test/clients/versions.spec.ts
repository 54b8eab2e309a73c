import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

const read = (file: string): string => readFileSync(file, 'utf8');

it('docs/clients.md names the versions that are installed', () => {
  const pinned = ['.ci/clients-tools', 'package.json', 'test/clients/go.mod'].map(read).join();
  const named = [...read('docs/clients.md').matchAll(/\d+\.\d+\.\d+/g)].map(([version]) => version);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((version) => !pinned.includes(version))).toEqual([]);
});
