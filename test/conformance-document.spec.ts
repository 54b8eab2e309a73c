import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { FEATURE_NAMES } from '../src/engines/feature-names.js';
import { ENGINES } from '../src/engines/engine-names.js';
import { buildConformance } from '../src/cli/conformance-document.js';
import { RECORDINGS } from './support/recordings.js';
import { ENGINE_PROFILES } from '../src/engines/engine-profiles.js';

const text = readFileSync('docs/conformance.md', 'utf8');

/** The cells of the first table, row by row. */
const rows = text
  .split('\n\n')
  .find((part) => part.startsWith('| '))
  ?.split('\n')
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('docs/conformance.md', () => {
  it('names the versions that are recorded, and no others', () => {
    const recorded = RECORDINGS.map(([name]) => name);
    const seen = ENGINES.flatMap(
      (engine) => ENGINE_PROFILES[engine].seen?.map((version) => `${engine}-${version}`) ?? [],
    );
    expect(seen.toSorted()).toEqual(recorded.toSorted());
  });

  it('is what the profiles say; `npm run conformance` brings it up to date', () => {
    expect(buildConformance()).toBe(text);
  });

  it('has a row for each capability, and a column for each engine', () => {
    const [head, , ...body] = rows ?? [];
    expect(head).toEqual(['', 'asked for', ...ENGINES]);
    expect(body.map(([name]) => name)).toEqual(FEATURE_NAMES.map((name) => `\`${name}\``));
    for (const row of body) expect(row.slice(2).join('')).toMatch(new RegExp(`^[✓≈✗]{${ENGINES.length}}$`));
  });

  it('says what stays different with each engine', () => {
    const limits = ENGINES.flatMap((engine) => ENGINE_PROFILES[engine].limits);
    expect(limits).not.toHaveLength(0);
    for (const limit of limits) expect(text).toContain(`- ${limit}\n`);
  });
});
