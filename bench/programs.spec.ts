import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

describe('the programs of the bench', () => {
  it.each([
    ['npm run bench ', ['bench/main.ts', '--help']],
    ['npm run bench:pairs ', ['bench/pairs.ts']],
  ])('%s runs without a build', (name, line) => {
    const { stdout, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
    expect(stdout + stderr).toContain(`usage: ${name}`);
  });
});
