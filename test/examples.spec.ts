import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync, statSync } from 'node:fs';
import { sep } from 'node:path';

/** What belongs to an example, and is not its beginning. */
const PARTS = /^(?:README\.md|openai-go\/go\.(?:mod|sum)|async-openai\/Cargo\.(?:toml|lock)|openai-java\/pom\.xml)$/;

const files = globSync('examples/**/*', { exclude: (path) => /(?:^|\/)(?:target|node_modules)$/.test(path) })
  .filter((path) => statSync(path).isFile())
  .map((path) => path.split(sep).slice(1).join('/'));

describe('examples/README.md', () => {
  const text = readFileSync('examples/README.md', 'utf8');
  const linked = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path);

  it('links every example, and nothing that is not there', () => {
    expect([...new Set(linked)].toSorted()).toEqual(files.filter((file) => !PARTS.test(file)).toSorted());
  });

  it('names the versions of the packages that the tests run', () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    for (const name of ['openai', '@langchain/openai', '@ai-sdk/openai'])
      expect(text).toContain(`${name} ${devDependencies[name] ?? ''}`);
  });
});
