import { describe, expect, it } from '@jest/globals';
import { infillDialect } from './infill.js';

const answer = (tokens: number): string =>
  JSON.stringify({ content: ' a', stop: false, tokens_predicted: 1, tokens_evaluated: tokens });

/** As many tokens as characters. */
function counter(): { count: (text: string) => Promise<number>; counted: string[] } {
  const counted: string[] = [];
  return { counted, count: async (text) => Promise.resolve(counted.push(text) && text.length) };
}

describe('a prompt with a suffix at /infill', () => {
  it('is counted where the engine may cut it, and an answer to a cut one is an error', async () => {
    const dialect = infillDialect('/infill');
    const { count, counted } = counter();
    await dialect.prepare?.({ prompt: 'p'.repeat(385), suffix: 'end' }, count);
    expect(counted).toEqual(['p'.repeat(385), 'end']);
    expect(dialect.read(answer(388), false)).toMatchObject({ choices: [{ text: ' a' }] });
    expect(() => dialect.read(answer(387), false)).toThrow('fewer tokens are read at once');
  });

  it('is not counted where it is too short to be cut', async () => {
    const dialect = infillDialect('/infill');
    const { count, counted } = counter();
    await dialect.prepare?.({ prompt: 'p'.repeat(384), suffix: 's'.repeat(120) }, count);
    expect(counted).toEqual([]);
    expect(dialect.read(answer(1), false)).toBeDefined();
    await dialect.prepare?.({ prompt: 'p', suffix: 'ö'.repeat(61) }, count);
    expect(counted).toHaveLength(2);
  });
});
