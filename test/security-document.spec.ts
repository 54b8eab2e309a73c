import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { basename, sep } from 'node:path';

const document = readFileSync('docs/security.md', 'utf8');
const suites = globSync(['src/**/*spec.ts', 'test/**/*spec.ts', 'engine/**/*spec.ts']).map((file) =>
  file.split(sep).join('/'),
);

/** `test/hostile/log` and `glob.spec`, as the document writes them. */
const named = [...document.matchAll(/`(test\/[\w./-]+|[\w-]+\.spec)`/g)].map(([, name = '']) => name);

function suiteOf(name: string): string | undefined {
  if (!name.startsWith('test/')) return suites.find((file) => basename(file) === `${name}.ts`);
  return suites.find((file) => file.startsWith(`${name}.`));
}

describe('docs/security.md', () => {
  it('names tests that are there', () => {
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => name !== 'test/hostile' && suiteOf(name) === undefined)).toEqual([]);
  });

  it('names every hostile suite', () => {
    const hostile = suites.filter((file) => file.startsWith('test/hostile/'));
    expect(hostile.filter((file) => !named.some((name) => suiteOf(name) === file))).toEqual([]);
  });
});
